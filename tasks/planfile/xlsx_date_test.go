package planfile

import "testing"

func TestNumberFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ code, value, want string }{
		{"dd/mm/yyyy", "45107", "30/06/2023"},
		{"dd/mm/yyyy", "45107.75", "30/06/2023"},
		{"dd/mm/yyyy", "45106.999999999", "30/06/2023"}, // a sum of hours, midnight but for rounding
		{"[$-42A]dd/mm/yyyy;@", "45107", "30/06/2023"},
		{"[$-101042A]d mmmm yyyy;@", "45107", "30/06/2023"},
		{`[$-42A]"Ngày "dd" tháng "mm" năm "yyyy`, "45107", "Ngày 30/06/2023"},
		{`dddd\,\ dd\-mm\-yyyy`, "45107", "30/06/2023"},
		{"m/d/yyyy h:mm AM/PM", "45107.5", "30/06/2023"},
		{"[Red]DD/MM/YYYY", "45107", "30/06/2023"},
		{`"Trước ngày "dd/mm/yyyy`, "45107", "Trước ngày 30/06/2023"},
		{`[$Từ ngày -42A]dd/mm/yyyy`, "45107", "Từ ngày 30/06/2023"},
		{`dd/mm/yyyy" và duy trì"`, "45107", "30/06/2023 và duy trì"},
		{"mm/yyyy", "45107", "Tháng 06/2023"},
		{`"Tháng "m/yyyy`, "45107", "Tháng 06/2023"},
		{`"Từ tháng "mm/yyyy`, "45107", "Từ tháng 06/2023"},
		{`"Từ "mm/yyyy`, "45107", "Từ tháng 06/2023"},
		{"mmm-yy", "45078", "Tháng 06/2023"},
		{"d-mmm", "45107", "30/06"}, // the year of typing is not shown
		{"yyyy", "45107", "Năm 2023"},
		{"mmmm", "45107", "Tháng 06"},
		{"dddd", "45107", "45107"},
		{"h:mm", "0.3125", "07:30"},
		{"[h]:mm:ss", "45107", "45107"},
		{"mm:ss", "0.5", "12:00"},
		{"General", "45107", "45107"},
		{"", "45107", "45107"},
		{"0", "45107", "45107"},
		{`0" ngày"`, "30", "30"},
		{"#,##0.00", "3.1", "3.10"},
		{"0.00", "3.14159", "3.14159"}, // nothing is rounded away
		{"0.00", "3", "3"},
		{"0%", "0.955", "95.5%"},
		{"0.00E+00", "12", "12"},
		{"General", "0.1", "0.1"},
		{"General", "3.1000000000000001", "3.1"},
		{"General", "1E-3", "0.001"},
		{"General", "1E300", "1E300"},
		{"General", "x", "x"},
		{"dd/mm/yyyy", "NaN", "NaN"},
		{"dd/mm/yyyy", "1", "01/01/1900"},
		{"dd/mm/yyyy", "59", "28/02/1900"},
		{"dd/mm/yyyy", "60", "60"}, // 29/02/1900 was no day
		{"dd/mm/yyyy", "61", "01/03/1900"},
		{"dd/mm/yyyy", "0", "0"}, // of a formula that looks at an empty cell
		{"dd/mm/yyyy", "-1", "-1"},
		{"dd/mm/yyyy", "2958465", "31/12/9999"},
		{"dd/mm/yyyy", "2958466", "2958466"},
		{`"dd/mm`, "45107", "45107"}, // a quotation without its end
		{`dd/mm/yyyy\`, "45107", "30/06/2023"},
		{`[dd/mm`, "45107", "45107"},
	} {
		if got := parseFormat(c.code).text(c.value, false); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.value, c.code, got, c.want)
		}
	}
	for value, want := range map[string]string{"0": "01/01/1904", "60": "01/03/1904", "43645": "30/06/2023", "-1": "-1"} {
		if got := parseFormat("dd/mm/yyyy").text(value, true); got != want {
			t.Errorf("%s of 1904: %q, want %q", value, got, want)
		}
	}
	for id, want := range map[int]string{14: "30/06/2023", 15: "30/06/2023", 16: "30/06", 17: "Tháng 06/2023", 20: "45107", 22: "30/06/2023", 47: "45107"} {
		if got := parseFormat(builtinFormats[id]).text("45107", false); got != want {
			t.Errorf("format %d: %q, want %q", id, got, want)
		}
	}
}
