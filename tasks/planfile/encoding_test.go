package planfile

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"nhacviec/tasks"
)

// corpus returns Vietnamese texts, by file.
func corpus(t testing.TB) map[string]string {
	t.Helper()
	paths := []string{"testdata/ke-hoach-05.md", "../testdata/phrases.tsv", "../testdata/deadlines.tsv", "../../config.example.toml"}
	mails, err := filepath.Glob("../../notify/testdata/compose/*.txt")
	if err != nil || len(mails) == 0 {
		t.Fatal("no mails", err)
	}
	code, err := filepath.Glob("../../notify/compose*.go")
	if err != nil || len(code) == 0 {
		t.Fatal("no code", err)
	}
	all := map[string]string{}
	for _, p := range slices.Concat(paths, mails, code) {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		all[p] = string(data)
	}
	return all
}

// encoders write Unicode in the old encodings, each byte as a rune.
var encoders = map[string]func(string) string{
	"TCVN3":                 byLetter(func(s string) string { return encodeLetters(s, tcvn3Letters) }),
	"VNI":                   byLetter(encodeVNI),
	"VISCII":                byLetter(func(s string) string { return encodeLetters(s, visciiLetters) }),
	"Windows-1258":          byLetter(encode1258),
	"UTF-8 as Latin-1":      func(s string) string { return bytesAs(s, nil) },
	"UTF-8 as Windows-1252": func(s string) string { return bytesAs(s, windows1252) },
	"UTF-8 as Windows-1258": func(s string) string { return bytesAs(s, cp1258Letters) },
	"UTF-8 as TCVN3":        func(s string) string { return bytesAs(s, tcvn3Letters) },
	"UTF-8 as VISCII":       func(s string) string { return bytesAs(s, visciiLetters) },
}

// alphabet has the letters of Vietnamese that are not in ASCII.
const alphabet = "áàảãạăắằẳẵặâấầẩẫậđéèẻẽẹêếềểễệíìỉĩịóòỏõọôốồổỗộơớờởỡợúùủũụưứừửữựýỳỷỹỵ" +
	"ÁÀẢÃẠĂẮẰẲẴẶÂẤẦẨẪẬĐÉÈẺẼẸÊẾỀỂỄỆÍÌỈĨỊÓÒỎÕỌÔỐỒỔỖỘƠỚỜỞỠỢÚÙỦŨỤƯỨỪỬỮỰÝỲỶỸỴ"

func byLetter(encode func(string) string) func(string) string {
	var pairs []string
	for _, r := range alphabet {
		pairs = append(pairs, string(r), encode(string(r)))
	}
	return strings.NewReplacer(pairs...).Replace
}

func encodeLetters(s string, letters []rune) string {
	return strings.Map(func(r rune) rune {
		for _, r := range []rune{r, unicode.ToLower(r)} { // TCVN3 has no capitals with tones
			if i := slices.Index(letters, r); i >= 0 && r >= 0x80 {
				return rune(0x80 + i)
			}
		}
		return r
	}, s)
}

// encode1258 puts tones behind their letters.
func encode1258(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		if c, ok := latin(r); ok && (c < 0x80 || cp1258Letters[c-0x80] == ' ') {
			b.WriteRune(r)
			continue
		}
		base, tone := "", ""
		for _, p := range norm.NFD.String(string(r)) {
			if strings.ContainsRune(toneMarks, p) {
				tone += string(p)
			} else {
				base += string(p)
			}
		}
		b.WriteString(encodeLetters(norm.NFC.String(base)+tone, cp1258Letters))
	}
	return b.String()
}

func encodeVNI(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		up := rune(0)
		if unicode.IsUpper(r) {
			up = 0x20
		}
		single := func(r rune) (rune, bool) {
			for c, l := range vniLetters {
				if l == unicode.ToLower(r) {
					return rune(c) - up, true
				}
			}
			return 0, false
		}
		if c, ok := single(r); ok {
			b.WriteRune(c)
			continue
		}
		marks, tone := "", ""
		base := rune(0)
		for _, p := range norm.NFD.String(string(r)) {
			switch {
			case base == 0:
				base = p
			case p == '\u031b':
				base, _ = utf8Rune(norm.NFC.String(string(base) + string(p)))
			case strings.ContainsRune(toneMarks, p):
				tone = string(p)
			default:
				marks += string(p)
			}
		}
		if c, ok := single(base); ok {
			b.WriteRune(c)
		} else {
			b.WriteRune(base)
		}
		for c, m := range vniMarks {
			if marks+tone != "" && m == marks+tone {
				b.WriteRune(rune(c) - up)
			}
		}
	}
	return b.String()
}

func utf8Rune(s string) (rune, bool) {
	for _, r := range s {
		return r, true
	}
	return 0, false
}

// bytesAs shows the bytes of UTF-8 as letters; nil letters are Latin-1.
func bytesAs(s string, letters []rune) string {
	var b strings.Builder
	for i := range len(s) {
		r := rune(s[i])
		if at := int(r) - 0x80; at >= 0 && at < len(letters) && letters[at] != '?' && letters[at] != ' ' {
			r = letters[at]
		}
		b.WriteRune(r)
	}
	return b.String()
}

// changed counts the words with marks that an encoding changes: VISCII and
// Windows-1258 leave "hành" as it is.
func changed(s string, encode func(string) string) int {
	n := 0
	for _, w := range strings.Fields(s) {
		if vietnamese(w) && encode(w) != w {
			n++
		}
	}
	return n
}

func sheetOf(text string) *sheet {
	s := &sheet{name: "f"}
	for i, l := range strings.Split(text, "\n") {
		if l = tasks.Clean(l); l != "" {
			s.prose = append(s.prose, line{i + 1, l})
		}
	}
	return s
}

// TestOldEncodingRecognised encodes all Vietnamese text of the repository.
func TestOldEncodingRecognised(t *testing.T) {
	t.Parallel()
	texts := corpus(t)
	for name, encode := range encoders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if underRace && name != "VNI" {
				t.Skip("the tables are read beside one another anyhow")
			}
			lines, found := 0, 0
			known := lexicon{}
			seen := map[string]bool{}
			for path, text := range texts {
				old := encode(text)
				if err := sheetOf(old).oldText(); changed(text, encode) >= 3 && err == nil {
					t.Errorf("%s is not recognised", path)
				}
				for _, l := range strings.Split(text, "\n") {
					if seen[l] || changed(l, encode) < 3 {
						continue
					}
					seen[l] = true
					lines++
					var here evidence
					here.add(tasks.Clean(encode(l)), known)
					if _, ok := here.whole(); ok {
						found++
					} else if lines-found < 10 {
						t.Logf("missed: %q as %q", l, encode(l))
					}
				}
			}
			if lines < 500 || found*1000 < lines*995 {
				t.Errorf("%d of %d lines recognised", found, lines)
			}
			t.Logf("%d of %d lines recognised", found, lines)
		})
	}
}

// TestUnicodeIsNoOldEncoding reads the same lines as they are.
func TestUnicodeIsNoOldEncoding(t *testing.T) {
	t.Parallel()
	known := lexicon{}
	seen := map[string]bool{}
	forms := []func(string) string{norm.NFC.String, norm.NFD.String, strings.ToUpper}
	if underRace {
		forms = forms[:1]
	}
	for path, text := range corpus(t) {
		for _, form := range forms {
			s := sheetOf(form(text))
			if err := s.oldText(); err != nil || len(s.notices) > 0 {
				t.Errorf("%s: %v, %q", path, err, s.notices)
			}
			for _, l := range strings.Split(form(text), "\n") {
				if seen[l] {
					continue
				}
				seen[l] = true
				var here evidence
				here.add(tasks.Clean(l), known)
				if old, ok := here.whole(); ok {
					t.Errorf("%s: %q is taken for %s", path, l, old.name)
				}
			}
		}
	}
}

// Each word is read once, however long the plan.
func TestOldTextReadsWordsOnce(t *testing.T) {
	plan := corpus(t)["testdata/ke-hoach-05.md"]
	reading := func(times int) float64 {
		s := sheetOf(strings.Repeat(plan, times))
		return testing.AllocsPerRun(1, func() {
			if err := s.oldText(); err != nil {
				t.Error(err)
			}
		})
	}
	once, often := reading(1), reading(5)
	if lines := 4 * float64(len(sheetOf(plan).prose)); often > once+2*lines {
		t.Errorf("%v allocations, five times as long %v", once, often)
	}
}

// TestTables holds the tables to what glibc's iconv writes; VNI is not among
// its encodings.
func TestTables(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"TCVN3": "b8b5b6b7b9a8bebbbcbdc6a9cac7c8c9cbaed0cccecfd1aad5d2d3d4d6ddd7d8dcdee3dfe1e2e4abe8e5e6e7e9acedeaebeceef3eff1f2f4adf8f5f6f7f9fdfafbfcfe",
		"VISCII": "e1e0e4e3d5e5a1a2c6c7a3e2a4a5a6e7a7f0e9e8eba8a9eaaaabacadaeedecefeeb8f3f2f6f5f7f4afb0b1b2b5bdbeb6b7defefaf9fcfbf8dfd1d7d8e6f1fdcfd6dbdc" +
			"c1c0c4c380c58182020583c28485860687d0c9c8cb8889ca8a8b8c8d8ecdcc9bce98d3d299a09ad48f90919293b4959697b394dad99c9d9ebfbabbbcffb9dd9f14191e",
		"Windows-1258": "e1e061d261de61f2e3e3ece3cce3d2e3dee3f2e2e2ece2cce2d2e2dee2f2f0e9e865d265de65f2eaeaeceaccead2eadeeaf2ed69cc69d269de69f2f36fcc6fd26fde6ff2f4f4ecf4ccf4d2f4def4f2f5f5ecf5ccf5d2f5def5f2faf975d275de75f2fdfdecfdccfdd2fddefdf279ec79cc79d279de79f2",
	} {
		data, err := hex.DecodeString(want)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for _, r := range encoders[name](alphabet) {
			if n := len(got); n < len(data) && data[n] < 0x20 { // six capitals of VISCII are control characters
				r = rune(data[n])
			}
			got = append(got, byte(r))
		}
		if !bytes.HasPrefix(got, data) {
			t.Errorf("%s: %x, want %x", name, got, data)
		}
	}
	for text, want := range map[string]string{
		"Đơn vị thực hiện":   "Ñôn vò thöïc hieän",
		"ỦY BAN NHÂN DÂN":    "UÛY BAN NHAÂN DAÂN",
		"Kỹ thuật, đường lỗ": "Kyõ thuaät, ñöôøng loã",
		"ắằẳẵặ ỉĩị ỵ ớờởỡợ":  "aéaèaúaüaë æóò î ôùôøôûôõôï",
	} {
		if got := encoders["VNI"](text); got != want {
			t.Errorf("VNI of %q: %q, want %q", text, got, want)
		}
	}
}

// TestNoOldEncoding reads text that looks odd and is not.
func TestNoOldEncoding(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"",
		"The office shall report before 30/6/2023; café, naïve, résumé, façade, coöperate.",
		"À la mairie où il était né, déjà très tôt, l'élève français a reçu sa clé; forêt, âge, île, hôtel, août, Noël, ça.",
		"François Mitterrand, René Descartes, Émile Zola, Hélène Carrère d'Encausse, Gérard Dépardieu, Saint-Exupéry",
		"Jürgen Müller, Björk Guðmundsdóttir, José Núñez, São Paulo, Ångström, Łódź, Čapek, Øresund, Köln, Düsseldorf, Zürich",
		"Điều 5 § 3, 25°C ± 2, 3 × 4 = 12 m², ½ ngày, © VNeID® ™, «trích», “trích”, 10 €, 5 µg, nº 7, 1ª",
		"Ðồng Xoài, QÐ-UBND, NÐ-CP, NÐ-CP, NÐ-CP, TÐ, HÐND, Ðông, Ðà, ðã; Căn cứ Nghị định số 107/2021",
		"Tên tập tin bị lỗi: Káº¿ hoáº¡ch; đề nghị các phòng gửi lại trước ngày 30/6/2023, thực hiện theo quy định",
		"§¬n vÞ; Đơn vị thực hiện trong tháng 6, hoàn thành việc số hoá dữ liệu của các phường",
		"Buôn Ma Thuột, Đắk Lắk, Krông Pắc, Ea H'leo, Plei Ku, Kon Tum, xã Đạ K'Nàng, Lý Sơn, Óc Eo",
		"hoà hòa thuỷ thủy quý qúy gì giếng giềng khuỷu ngoằn ngoèo xoong quặng loay hoay nguyệt quỳnh",
		"cã sè vò né lý là và có các mà thì trì chí phí",
	} {
		for _, form := range []func(string) string{norm.NFC.String, norm.NFD.String, strings.ToUpper} {
			s := sheetOf(form(text))
			if err := s.oldText(); err != nil || len(s.notices) > 0 != strings.Contains(text, "§¬n") {
				t.Error(err, s.notices)
			}
		}
	}
}

func TestOldEncodingErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"PHỤ LỤC\n§¬n vÞ thùc hiÖn":              `f:2: text in the old encoding TCVN3 (ABC; fonts such as .VnTime): "§¬n vÞ thùc hiÖn" is "Đơn vị thực hiện"; convert`,
		"Ñôn vò thöïc hieän":                     `f:1: text in the old encoding VNI (fonts such as VNI-Times): "Ñôn vò thöïc hieän" is "Đơn vị thực hiện"; convert`,
		"a\nKáº¿ hoáº¡ch thá»±c hiá»‡n":          `f:2: text in UTF-8 taken for another encoding: "Káº¿ hoáº¡ch thá»±c hiá»‡n" is "Kế hoạch thực hiện"; convert`,
		encoders["VISCII"]("Thực hiện kế hoạch"): `f:1: text in the old encoding VISCII: "Thñc hi®n kª hoÕch" is "Thực hiện kế hoạch"; convert`,
	} {
		if err := sheetOf(text).oldText(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s …", err, want)
		}
	}
}

// TestGuessEncoding names the encoding of a file's bytes.
func TestGuessEncoding(t *testing.T) {
	t.Parallel()
	plan := corpus(t)["testdata/ke-hoach-05.md"]
	for name, want := range map[string]string{"TCVN3": "TCVN3", "VNI": "VNI", "VISCII": "VISCII", "Windows-1258": "Windows-1258"} {
		var data []byte
		for _, r := range encoders[name](plan) {
			data = append(data, byte(r))
		}
		if got := guessEncoding(data); !strings.HasPrefix(got, "text in the old encoding "+want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, data := range []string{"", "caf\xe9", "\xff\xfe\x00", strings.Repeat("\x80", 100)} {
		if got := guessEncoding([]byte(data)); got != "not UTF-8 text; save it as UTF-8" {
			t.Errorf("%q: %s", data, got)
		}
	}
}

func BenchmarkOldText(b *testing.B) {
	s := sheetOf(strings.Repeat(corpus(b)["testdata/ke-hoach-05.md"], 50))
	for b.Loop() {
		if err := s.oldText(); err != nil {
			b.Fatal(err)
		}
	}
}
