package tasks

// Plan is an issued document with a task table.
type Plan struct {
	ID     string `json:"id"` // "ct05"
	Title  string `json:"title"`
	Number string `json:"number,omitempty"` // "126/KH-UBND"; "" when the document does not say
	Issued Date   `json:"issued"`           // null when the document does not say and nobody did
}

// Row is one numbered row of a task table as a reader found it, before any of
// it is understood. All text is NFC, white space folded, mark-up dropped.
type Row struct {
	No           Number `json:"no"`
	Lead         string `json:"lead"`         // the section row above it, or the lead-unit column
	Coordinating string `json:"coordinating"` //
	Content      string `json:"content"`
	Deadline     string `json:"deadline"`
	Product      string `json:"product"`
	Note         string `json:"note"`
	Line         int    `json:"line"` // where it starts in the file: line, row or paragraph, from 1
}
