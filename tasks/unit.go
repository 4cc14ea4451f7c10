package tasks

// Channel names one way of sending.
type Channel string

// The channels.
const (
	Email    Channel = "email"
	Telegram Channel = "telegram"
	ZaloBot  Channel = "zalo_bot"
	ZaloOA   Channel = "zalo_oa"
)

// Channels lists every channel in the order in which people read them.
var Channels = []Channel{Email, Telegram, ZaloBot, ZaloOA}

// Unit is an organisation that leads or coordinates tasks, or a group of them.
type Unit struct {
	Code      string               `json:"code"`
	Name      string               `json:"name"`
	Aliases   []string             `json:"aliases,omitempty"`
	Head      string               `json:"head,omitempty"` // how its head is addressed: "Trưởng Công an thành phố"
	Addresses map[Channel][]string `json:"addresses,omitempty"`
	Superior  string               `json:"superior,omitempty"` // code of the unit it answers to
	Members   []string             `json:"members,omitempty"`  // codes; a group is told member by member
}

// UnitRef is a unit as a plan names it: the words, and the code of the unit
// they were found to mean. Code is "" while no unit of the config matches.
type UnitRef struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Office is whose voice the messages have.
type Office struct {
	Organization string `json:"organization"` // "Ủy ban nhân dân thành phố Đồng Xoài"
	Unit         string `json:"unit"`         // code of the standing office
	Contact      string `json:"contact"`      // whom to call
}
