package web

import (
	"fmt"
	"net/http"
	"slices"

	"nhacviec/tasks"
)

// Resend asks for a delivery to be sent once more.
type Resend struct {
	ID string `json:"id"`
	By string `json:"by"`
}

func (h *Handler) resend(r *http.Request) (any, error) {
	in, err := read[Resend](r)
	if err != nil {
		return nil, err
	}
	if in.ID == "" {
		return nil, Usage("say which delivery to send again", "nhacviec outbox lists them with their ids")
	}
	old, err := h.Outbox.Resendable(in.ID)
	if err != nil {
		return nil, err
	}
	if err := h.sendable(old); err != nil {
		return nil, err
	}
	d, err := h.Outbox.Resend(in.ID, in.By, h.Now())
	if err != nil {
		return nil, err
	}
	return inZone(d, h.Setting().Location), nil
}

// ResendFailed asks for all that failed to be sent once more.
type ResendFailed struct {
	By string `json:"by"`
}

// Resent is what came of asking for one failed message.
type Resent struct {
	ID      string          `json:"id"` // of the one that failed
	Again   *tasks.Delivery `json:"again"`
	Refused string          `json:"refused,omitempty"`
}

// resendFailed sends again what failed and nothing has followed yet. What is
// refused does not hold up the rest.
func (h *Handler) resendFailed(r *http.Request) (any, error) {
	in, err := read[ResendFailed](r)
	if err != nil {
		return nil, err
	}
	rows, err := h.Outbox.Outbox()
	if err != nil {
		return nil, err
	}
	refused := map[string]string{}
	var ids, wanted []string
	for _, row := range rows {
		if row.State != tasks.Failed {
			continue
		}
		if d, err := h.Outbox.Resendable(row.ID); err != nil || d.ID != row.ID {
			continue // something has followed it
		}
		ids = append(ids, row.ID)
		if err := h.sendable(row); err != nil {
			refused[row.ID] = err.Error()
			continue
		}
		wanted = append(wanted, row.ID)
	}
	again, err := h.Outbox.ResendFailed(wanted, in.By, h.Now())
	if err != nil {
		return nil, err
	}
	out := []Resent{}
	for _, id := range ids {
		if d, ok := again[id]; ok {
			d = inZone(d, h.Setting().Location)
			out = append(out, Resent{ID: id, Again: &d})
		} else if why := refused[id]; why != "" {
			out = append(out, Resent{ID: id, Refused: why})
		}
	}
	return out, nil
}

// sendable refuses what would be dropped when its turn comes, or never have one.
func (h *Handler) sendable(d tasks.Delivery) error {
	if !slices.Contains(h.Setting().Channels, d.Channel) {
		return &Error{Message: fmt.Sprintf("%s is not sent again: %s", d.ID, notConfigured(d.Channel)), Exit: ExitFailed, Status: http.StatusConflict,
			Hint: "put the channel into the config, or tell the unit in another way"}
	}
	why, err := h.Planner.Stale(d)
	if err != nil || why == "" {
		return err
	}
	return &Error{Message: fmt.Sprintf("%s is not sent again: nothing in it holds any more: %s", d.ID, why), Exit: ExitFailed, Status: http.StatusConflict,
		Hint: "nhacviec explain N says what is sent about a task now, and when"}
}
