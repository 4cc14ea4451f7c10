package planfile

import (
	"encoding/xml"
	"errors"
	"fmt"
	"path"
	"strings"
)

// wordParts are the parts of a DOCX that a plan is read from; those that say
// what numbers and styles mean may be missing.
type wordParts struct {
	*archive
	document, styles, numbering string // "": none
}

// openWord finds the parts of a DOCX.
func openWord(f file) (wordParts, error) {
	a, err := openZip(f)
	if err != nil {
		return wordParts{}, err
	}
	w := wordParts{archive: a}
	root, err := w.relations("")
	if err != nil {
		return w, err
	}
	w.document = root["officeDocument"]
	if w.document == "" {
		w.document = "word/document.xml"
	}
	switch p, err := w.part(w.document); {
	case err != nil:
		return w, err
	case p == nil:
		return w, fmt.Errorf("%s: lacks %s, where a Word file has its text; open the plan in Word and save it anew", f.name, partName(w.document))
	}
	own, err := w.relations(w.document)
	if err != nil {
		return w, err
	}
	w.styles, w.numbering = own["styles"], own["numbering"]
	return w, nil
}

// relations returns the parts that a part, or for "" the archive, is related to,
// by the last word of the relation's type.
func (w wordParts) relations(name string) (map[string]string, error) {
	dir, base := path.Split(partName(name))
	if name == "" {
		dir, base = "", ""
	}
	found := map[string]string{}
	err := w.read(dir+"_rels/"+base+".rels", func(x *xmlPart, _ xml.StartElement) error {
		return x.children(func(e xml.StartElement) error {
			kind, target := path.Base(attr(e, "Type")), attr(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = dir + target
			}
			if _, twice := found[kind]; !twice && attr(e, "TargetMode") != "External" {
				found[kind] = target
			}
			return x.skip()
		})
	})
	return found, err
}

// read reads a part, if there is one of the name; do gets its first element.
func (w wordParts) read(name string, do func(*xmlPart, xml.StartElement) error) error {
	if name == "" {
		return nil
	}
	p, err := w.part(name)
	if p == nil || err != nil {
		return err
	}
	if most := w.f.limits.part(); p.UncompressedSize64 > uint64(most) {
		return fmt.Errorf("%s: %s has more than %d MB of mark-up, a quarter of the max_unpacked_mb of [import]; a plan has less", w.f.name, partName(name), most>>20)
	}
	r, err := w.open(p)
	if err != nil {
		return w.damaged(name, err)
	}
	defer r.Close()
	x := newXMLPart(r)
	e, err := x.root()
	if err == nil {
		err = do(x, e)
	}
	if err != nil {
		return w.damaged(name, err)
	}
	return nil
}

// damaged says that a part cannot be read, unless the error says what to do.
func (w wordParts) damaged(name string, err error) error {
	var said saidError
	switch {
	case errors.As(err, new(excessError)):
		return fmt.Errorf("%s: %s: %w, and no Word file looks so; save the plan anew in Word", w.f.name, partName(name), err)
	case errors.As(err, &said):
		return said.error
	case errors.Is(err, errUnpacked):
		return w.f.unpackedTooLarge()
	}
	return fmt.Errorf("%s: %s is damaged (%w); open the plan in Word and save it anew", w.f.name, partName(name), err)
}

// excessError is about more of something than any Word file has.
type excessError struct{ error }

func excess(format string, args ...any) error {
	return excessError{fmt.Errorf(format, args...)}
}

// saidError is an error that needs no more words: it names the file and the
// cure.
type saidError struct{ error }
