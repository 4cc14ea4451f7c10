package planfile

import (
	"regexp"
	"strings"
)

// unitLabel says within a cell who leads and who takes part.
var unitLabel = regexp.MustCompile(`(?i)(?:^|[\s;,.(–+-])(?:(?:các\s+)?(?:cơ quan|đơn vị|phòng,? ban|cq|đv|đvị)(?:\s*,\s*đơn vị)?\s*)?(chủ\s+trì|phối\s+hợp)(?:\s+(?:thực hiện|tham mưu|cùng))?\s*:`)

// splitLead parts a cell "Chủ trì: X; phối hợp: Y", in either order. Text before
// the label of those who take part leads. Without labels all of it leads.
func splitLead(cell string) (lead, coordinating string) {
	labels := unitLabel.FindAllStringSubmatchIndex(cell, -1)
	if len(labels) == 0 {
		return cell, ""
	}
	rest := trimUnits(cell[:labels[0][0]])
	first := cell[labels[0][2]]
	if rest != "" && first != 'p' && first != 'P' {
		return cell, "" // what stands before "Chủ trì:" is neither
	}
	lead = rest
	for i, l := range labels {
		end := len(cell)
		if i+1 < len(labels) {
			end = labels[i+1][0]
		}
		into := &lead
		if c := cell[l[2]]; c == 'p' || c == 'P' {
			into = &coordinating
		}
		if units := trimUnits(cell[l[1]:end]); units != "" {
			addUnits(into, units)
		}
	}
	return lead, coordinating
}

// addUnits adds units to a list of some.
func addUnits(to *string, units string) {
	if *to != "" {
		*to += ";"
	}
	join(to, units)
}

// trimUnits drops what parts a list from the next label, and the end of a
// bracket that the label was in.
func trimUnits(s string) string {
	const parting = " ;,.–+-"
	s = strings.Trim(s, parting)
	if strings.Count(s, ")") > strings.Count(s, "(") {
		s = strings.TrimRight(strings.TrimSuffix(s, ")"), parting)
	}
	return s
}
