package web

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
)

// inMemory is how many bytes a spool holds before it makes a file.
const inMemory = 1 << 20

// spool keeps values in the order in which they came: few of them in memory,
// more in a file that has no name, so that nothing is left of it whatever happens.
type spool[T any] struct {
	dir  string // for the file
	few  bytes.Buffer
	file *os.File
	out  *bufio.Writer // to the file
}

// add keeps a value, as JSON.
func (s *spool[T]) add(v T) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if s.file == nil {
		if s.few.Len()+len(text) < inMemory {
			s.few.Write(append(text, '\n'))
			return nil
		}
		if err := s.spill(); err != nil {
			return err
		}
	}
	_, err = s.out.Write(append(text, '\n'))
	return err
}

func (s *spool[T]) spill() error {
	f, err := os.CreateTemp(s.dir, ".import-")
	if err != nil {
		return err
	}
	s.file, s.out = f, bufio.NewWriter(f)
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	_, err = s.few.WriteTo(s.out)
	s.few = bytes.Buffer{}
	return err
}

// all yields the values; nothing may be added any more. It may be run again.
func (s *spool[T]) all() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var in io.Reader = bytes.NewReader(s.few.Bytes())
		if s.file != nil {
			err := s.out.Flush()
			if err == nil {
				_, err = s.file.Seek(0, io.SeekStart)
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			in = bufio.NewReader(s.file)
		}
		for d := json.NewDecoder(in); ; {
			var v T
			err := d.Decode(&v)
			if errors.Is(err, io.EOF) || !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// close frees the file.
func (s *spool[T]) close() {
	if s.file != nil {
		s.file.Close() // nothing in it is wanted any more
	}
}
