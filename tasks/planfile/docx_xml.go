package planfile

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	maxNesting = 256     // of elements in one another; Word's own go to about 40
	maxToken   = 4 << 20 // bytes of one tag or text; pictures in attributes come to 1 MB
	maxPiece   = 8 << 20 // bytes of one row or paragraph, of all styles, of all numberings
)

// xmlPart reads the XML of an archive's part, element by element.
type xmlPart struct {
	dec   *xml.Decoder
	in    *metered
	depth int
	piece int64 // where in the part the piece begins that is being read
}

func newXMLPart(r io.Reader) *xmlPart {
	in := &metered{r: r}
	return &xmlPart{dec: xml.NewDecoder(bufio.NewReaderSize(in, 32<<10)), in: in}
}

// metered bounds what is read for one token, because encoding/xml does not.
type metered struct {
	r    io.Reader
	left int
}

func (m *metered) Read(b []byte) (int, error) {
	if m.left <= 0 {
		return 0, excess("one tag or text of more than %d MB", maxToken>>20)
	}
	n, err := m.r.Read(b)
	m.left -= n
	return n, err
}

func (x *xmlPart) next() (xml.Token, error) {
	x.in.left = maxToken
	if x.dec.InputOffset()-x.piece > maxPiece {
		return nil, excess("a row or paragraph of more than %d MB", maxPiece>>20)
	}
	tok, err := x.dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case xml.StartElement:
		if x.depth++; x.depth > maxNesting {
			return nil, excess("more than %d elements in one another", maxNesting)
		}
	case xml.EndElement:
		x.depth--
	case xml.Directive:
		return nil, fmt.Errorf("<!%.20s…, which no office program writes", tok)
	}
	return tok, nil
}

// nextPiece begins another row or paragraph.
func (x *xmlPart) nextPiece() { x.piece = x.dec.InputOffset() }

// root returns the first element.
func (x *xmlPart) root() (xml.StartElement, error) {
	for {
		tok, err := x.next()
		if errors.Is(err, io.EOF) {
			err = errors.New("empty")
		}
		if err != nil {
			return xml.StartElement{}, err
		}
		if e, ok := tok.(xml.StartElement); ok {
			return e, nil
		}
	}
}

// children calls each for the elements in the one just opened, to its end. Each
// reads its element to the end, too, by children, skip or text.
func (x *xmlPart) children(each func(xml.StartElement) error) error {
	for {
		tok, err := x.next()
		if err != nil {
			return err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if err := each(tok); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

func (x *xmlPart) skip() error {
	for inside := x.depth; x.depth >= inside; {
		if _, err := x.next(); err != nil {
			return err
		}
	}
	return nil
}

// text returns the text right in the element just opened, and refuses more than
// limit bytes by errLong.
func (x *xmlPart) text(limit int) (string, error) {
	var b strings.Builder
	for {
		tok, err := x.next()
		if err != nil {
			return "", err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if err := x.skip(); err != nil {
				return "", err
			}
		case xml.CharData:
			if b.Len()+len(tok) > limit {
				return "", errLong
			}
			b.Write(tok)
		case xml.EndElement:
			return b.String(), nil
		}
	}
}

var errLong = errors.New("too long")

// tag returns the name of an element of Word's, with "mc:" or "m:" in front if it
// is one of the alternatives' or of mathematics, whatever prefixes the file
// uses; "" for others.
func tag(e xml.StartElement) string {
	switch e.Name.Space {
	case "http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://purl.oclc.org/ooxml/wordprocessingml/main":
		return e.Name.Local
	case "http://schemas.openxmlformats.org/markup-compatibility/2006":
		return "mc:" + e.Name.Local
	case "http://schemas.openxmlformats.org/officeDocument/2006/math", "http://purl.oclc.org/ooxml/officeDocument/math":
		return "m:" + e.Name.Local
	}
	return ""
}

// attr returns an attribute by its name without prefix, "" if there is none.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// on reads a property that is on unless its value says otherwise.
func on(e xml.StartElement) bool {
	switch attr(e, "val") {
	case "0", "false", "off":
		return false
	}
	return true
}
