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

// maxParts is how many an archive may have; a plan with many pictures has some
// hundred.
const maxParts = 10_000

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
		return nil, fmt.Errorf("%s: an archive of more than %d parts, and no Word or Excel file looks so; save the plan anew", f.name, maxParts)
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
	}
	return a, nil
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
