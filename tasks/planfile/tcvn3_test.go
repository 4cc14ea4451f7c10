package planfile

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestTelling(t *testing.T) {
	t.Parallel()
	for word := range strings.FieldsSeq("so¸t s¬ ®Êt ®Õn Tµi nhµ n¨m c©y nh©n biªn kª c« m«i x· l·nh m¹ng n¾m b»ng tr×nh §ang §¬n chØ tiÕp ViÖt Phßng th«ng h¬n") {
		if !telling(word) {
			t.Errorf("%q does not tell of TCVN3", word)
		}
	}
	for word := range strings.FieldsSeq("µm µg µs m² m³ m¹ KH¹ an¹ N·m kW·h a·b m×n cm×cm m× cm× n×n ½ ½h ¼ « » «a» «an «trích» VNeID® ® © ©VNPT §a §I §A §VI 1ª Mª nº °C ± " +
		"façade naïve café Łódź Øresund Straße weißt Spaß Maß Großmann Þór Ångström så på få René Zoë Nguyễn đề án quyết định của là cã sè vò né lý và chØ£ d’École US¥ m£ ¿ ¡hola a¹ b² T·Ư hè tÓm vÒ") {
		for _, form := range []string{word, norm.NFC.String(word), strings.ToUpper(word)} {
			if telling(form) {
				t.Errorf("%q tells of TCVN3", form)
			}
		}
	}
}

// Words of TCVN3 in one cell of a Unicode plan are enough.
func TestOldCell(t *testing.T) {
	t.Parallel()
	const plan = csvHead + "1,Tuyên truyền,Phòng Tư pháp,30/6/2023\n2,CELL,Phòng Nội vụ,30/7/2023\n"
	for cell, want := range map[string]string{
		"Rµ so¸t hå s¬":                    `plan.csv:3: text in the old encoding TCVN3 (ABC; fonts such as .VnTime): "Rµ so¸t hå s¬" is "Rà soát hồ sơ"; convert`,
		"Rµ so¸t":                          `plan.csv:3: text in the old encoding TCVN3`,
		"Hå s¬ đề án":                      `plan.csv:3: text in the old encoding TCVN3`,
		"Raø soaùt, caäp nhaät hoà sô":     `plan.csv:3: text in the old encoding VNI`,
		"Báo cáo của x·, đề nghị phối hợp": "",
		"Rà soát hồ sơ":                    "",
		"Mua 50 µm, 5 µg ở 30°C ± 2 · § 5, façade, naïve; Łódź": "",
	} {
		doc, err := readText(t, strings.Replace(strings.ReplaceAll(plan, ",", ";"), "CELL", `"`+cell+`"`, 1))
		if got := errText(err); want == "" && err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%q: %v, want %s …", cell, err, want)
		}
		told := len(doc.Notices) == 1 && strings.HasSuffix(doc.Notices[0], "import the file again: line 3")
		if told != strings.Contains(cell, "x·") || !told && len(doc.Notices) > 0 {
			t.Errorf("%q: notices %q", cell, doc.Notices)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestTellingShare holds how many cells of three words are known, or told of.
func TestTellingShare(t *testing.T) {
	t.Parallel()
	const n = 3
	cells, found := 0, 0
	words := strings.Fields(norm.NFC.String(corpus(t)["testdata/ke-hoach-05.md"]))
	for ; len(words) >= n; words = words[n:] {
		cell := strings.Join(words[:n], " ")
		if changed(cell, encoders["TCVN3"]) == 0 {
			continue
		}
		cells++
		s := sheetOf(encoders["TCVN3"](cell) + "\nĐề nghị các đơn vị phối hợp thực hiện kế hoạch")
		if s.oldText() != nil || len(s.notices) > 0 {
			found++
		}
	}
	t.Logf("%d of %d cells", found, cells)
	if cells < 500 || found*100 < cells*85 {
		t.Errorf("%d of %d cells recognised", found, cells)
	}
}
