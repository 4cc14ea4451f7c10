package planfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
)

// part is a part of a zip file that a test builds.
type part struct{ name, text string }

func zipFile(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range parts {
		h := &zip.FileHeader{Name: p.name, Method: zip.Deflate}
		if len(p.text) == 0 || len(p.text) > 1<<20 { // packing takes longer than reading
			h.Method = zip.Store
		}
		out, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(p.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpenZipRefuses(t *testing.T) {
	t.Parallel()
	whole := zipFile(t, part{"a.xml", strings.Repeat("ab", 2000)})
	locked := bytes.Clone(whole)
	locked[bytes.Index(locked, []byte("PK\x01\x02"))+8] |= 1
	many := make([]part, maxParts+1)
	for i := range many {
		many[i].name = strconv.Itoa(i)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"cut off":               {whole[:len(whole)-30], "x.docx: cut off or damaged"},
		"cut off early":         {whole[:20], "x.docx: cut off or damaged"},
		"a directory elsewhere": {bytes.Replace(whole, []byte("PK\x01\x02"), []byte("PK\x01\x03"), 1), "x.docx: cut off or damaged"},
		"locked":                {locked, "x.docx: locked with a password;"},
		"nothing":               {nil, "x.docx: cut off or damaged"},
		"many parts":            {zipFile(t, many...), "x.docx: an archive of more than 10000 parts, and no Word or Excel file looks so;"},
		"a large part":          {claim(whole, 21<<20, 1<<20), "x.docx: unpacks to more than 20 MB, the max_unpacked_mb of [import];"},
		"parts large together":  {claim(zipFile(t, part{"a", "a"}, part{"b", "b"}), 20<<20, 1<<20), "x.docx: unpacks to more than 20 MB, the max_unpacked_mb of [import];"},
		"a size that overflows": {claim(whole, 0xfffffff0, 0), "x.docx: unpacks to more than 20 MB, the max_unpacked_mb of [import];"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := openZip(file{name: "x.docx", data: c.data, limits: Limits{Unpacked: 20 << 20}})
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %s …", err, c.want)
			}
		})
	}
}

// claim makes the directory say that the first part has another size, and
// unless 0 another packed size.
func claim(data []byte, size, packed uint32) []byte {
	data = bytes.Clone(data)
	entry := data[bytes.Index(data, []byte("PK\x01\x02")):]
	binary.LittleEndian.PutUint32(entry[24:], size)
	if packed != 0 {
		binary.LittleEndian.PutUint32(entry[20:], packed)
	}
	return data
}

func TestOpenZipHoldsPartsToTheirSizes(t *testing.T) {
	t.Parallel()
	data := claim(zipFile(t, part{"a.xml", strings.Repeat("x", 1<<20)}), 10, 0)
	a, err := openZip(file{name: "x.docx", data: data, limits: Limits{Unpacked: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := readPart(t, a, "a.xml"); n > 1000 || err == nil {
		t.Errorf("%d bytes read, error %v; want none past the limit", n, err)
	}
}

func TestArchiveCountsWhatIsRead(t *testing.T) {
	t.Parallel()
	a, err := openZip(file{name: "x.docx", data: zipFile(t, part{"a", strings.Repeat("x", 600)}), limits: Limits{Unpacked: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := readPart(t, a, "a"); n != 600 || err != nil {
		t.Fatalf("%d bytes, error %v", n, err)
	}
	if _, err := readPart(t, a, "a"); !errors.Is(err, errUnpacked) {
		t.Errorf("read again: %v, want %v", err, errUnpacked)
	}
}

func readPart(t *testing.T, a *archive, name string) (int64, error) {
	t.Helper()
	p, err := a.part(name)
	if p == nil || err != nil {
		t.Fatalf("part %s: %v, error %v", name, p, err)
	}
	r, err := a.open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return io.Copy(io.Discard, r)
}

func TestArchivePart(t *testing.T) {
	t.Parallel()
	a, err := openZip(file{name: "x.docx", limits: DefaultLimits(),
		data: zipFile(t, part{`word\Document.XML`, "a"}, part{"../../etc/passwd", "b"}, part{"x/two.xml", "c"}, part{"x/TWO.xml", "d"})})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]*zip.File{
		"/word/document.xml": a.File[0],
		"word/document.xml":  a.File[0],
		"etc/passwd":         a.File[1],
		"document.xml":       nil,
		"":                   nil,
	} {
		if p, err := a.part(name); p != want || err != nil {
			t.Errorf("part %q: %v, error %v", name, p, err)
		}
	}
	if _, err := a.part("x/two.xml"); err == nil || !strings.HasPrefix(err.Error(), "x.docx: has two parts x/two.xml;") {
		t.Errorf("a part that is there twice: %v", err)
	}
}

// Long runs of the same mark-up pack well; only what they unpack to counts.
func TestOpenZipTakesAnyRatio(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	out, err := w.CreateHeader(&zip.FileHeader{Name: "a", Method: zip.Deflate})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(bytes.Repeat([]byte("<w:p/>"), 17<<20/6))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := openZip(file{name: "x.docx", data: b.Bytes(), limits: DefaultLimits()}); err != nil || b.Len() > 17<<20/200 {
		t.Errorf("17 MB in %d KB: %v", b.Len()>>10, err)
	}
}
