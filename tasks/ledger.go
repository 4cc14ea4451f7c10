package tasks

import "time"

// Entry is one line of the ledger: what became of a delivery, or a change of a
// task or plan. Entries are numbered from 1 and chained: Prev is the SHA-256
// of the entry before, as it is stored.
type Entry struct {
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"` // when it was written
	*Delivery
	*Change
	Prev string `json:"prev"`
}

// Change is a change of a task or plan: who, what and why.
type Change struct {
	Plan   string `json:"plan"`
	No     Number `json:"no,omitempty"` // none: the whole plan
	Action string `json:"action"`       // import, cancel, report, done, reopen, hold, confirm, extend, due, lead, edit, resend …
	By     string `json:"by,omitempty"`
	Note   string `json:"note,omitempty"`
	Old    string `json:"old,omitempty"` // what was, in words: status, deadline, lead, or the plan's words
	New    string `json:"new,omitempty"`
}
