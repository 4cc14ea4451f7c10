package planfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

const (
	maxParts  = 2000     // of an archive; a plan with many pictures has some hundred
	maxRatio  = 200      // of a part's size to its packed size; text with much mark-up comes to 60
	freeRatio = 16 << 20 // bytes to which a part may unpack at any ratio
)

// archive is the zip file that a DOCX or XLSX is. Names of its parts are only
// compared, never used as paths.
type archive struct {
	*zip.Reader
	f    file
	left int64 // bytes that may still be unpacked
}

// openZip opens a file as an archive. It refuses one that is cut off, locked
// with a password, or unpacks to more than any plan; sizes are what the
// archive's directory says, and archive/zip holds each part to them.
func openZip(f file) (*archive, error) {
	// A directory of millions costs memory before it can be looked at.
	if bytes.Count(f.data, []byte("PK\x01\x02")) > maxParts {
		return nil, fmt.Errorf("%s: an archive of more than %d parts; no office program writes such a file: save the plan anew", f.name, maxParts)
	}
	if err := notZip(f); err != nil {
		return nil, err
	}
	r, err := zip.NewReader(bytes.NewReader(f.data), int64(len(f.data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%s: cut off or damaged (%w); copy it anew from where it came from", f.name, err)
	}
	a := &archive{Reader: r, f: f, left: f.limits.Unpacked}
	var sum uint64
	for _, part := range r.File {
		size := part.UncompressedSize64
		if sum += size; size > uint64(f.limits.Unpacked) || sum > uint64(f.limits.Unpacked) {
			return nil, f.unpackedTooLarge()
		}
		if part.Flags&1 != 0 {
			return nil, fmt.Errorf("%s: locked with a password; open it, remove the password and save it", f.name)
		}
		if size > freeRatio && size/maxRatio > part.CompressedSize64 {
			return nil, fmt.Errorf("%s: a part unpacks to more than %d times its size; no office program writes such a file: save the plan anew", f.name, maxRatio)
		}
	}
	return a, nil
}

// notZip says what a file is that is no archive.
func notZip(f file) error {
	switch {
	case len(f.data) == 0:
		return fmt.Errorf("%s: the file is empty; copy it anew from where it came from", f.name)
	case bytes.HasPrefix(f.data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		if bytes.Contains(f.data, []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")) {
			return fmt.Errorf("%s: locked with a password; open it, remove the password and save it", f.name)
		}
		return fmt.Errorf("%s: a file of Office 97-2003; open it and save it as .docx or .xlsx", f.name)
	case !bytes.HasPrefix(f.data, []byte("PK")):
		return fmt.Errorf("%s: not a Word or Excel file; open it in the program that wrote it and save it as .docx or .xlsx", f.name)
	}
	return nil
}

// part returns the part of a name, which is that of a relationship: in any
// case, with a slash in front or not; nil if there is none.
func (a *archive) part(name string) (*zip.File, error) {
	var found *zip.File
	for _, p := range a.File {
		if !strings.EqualFold(partName(p.Name), partName(name)) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%s: has two parts %s; open it in Word or Excel and save it anew", a.f.name, partName(name))
		}
		found = p
	}
	return found, nil
}

func partName(s string) string {
	return strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(s, `\`, "/")), "/")
}

// open opens a part for reading; all reading together is held to the limit.
func (a *archive) open(p *zip.File) (io.ReadCloser, error) {
	r, err := p.Open()
	if err != nil {
		return nil, err
	}
	return &counted{r, a}, nil
}

type counted struct {
	io.ReadCloser
	a *archive
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	if c.a.left -= int64(n); c.a.left < 0 {
		return 0, errUnpacked
	}
	return n, err
}

var errUnpacked = errors.New("unpacks to more than its directory says")
