package store

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// packed is a text as it is kept: deflated, under its SHA-256. Texts that are
// the same are kept once.
type packed struct{ key, value []byte }

// longestText is more than any text that is kept; what grows beyond it was not
// written by pack.
const longestText = 16 << 20

// pack makes the text of a delivery ready to be kept, before a transaction is
// waited for.
func (s *Store) pack(d tasks.Delivery) (packed, error) {
	if d.Text == "" || d.State != tasks.Sending {
		return packed{}, nil
	}
	sum := sha256.Sum256([]byte(d.Text))
	if hex.EncodeToString(sum[:]) != d.SHA256 {
		return packed{}, s.invalid("the text of delivery %s has another SHA-256 than it says", d.ID)
	}
	w, _ := s.squeezers.Get().(*flate.Writer)
	var out bytes.Buffer
	if w == nil {
		w, _ = flate.NewWriter(&out, flate.BestSpeed) // fails for a level that does not exist
	} else {
		w.Reset(&out)
	}
	defer s.squeezers.Put(w)
	if _, err := io.WriteString(w, d.Text); err != nil {
		return packed{}, err
	}
	if err := w.Close(); err != nil {
		return packed{}, err
	}
	return packed{sum[:], seal(sum[:], out.Bytes())}, nil
}

func keepText(tx *bolt.Tx, text packed) error {
	if text.key == nil {
		return nil
	}
	b := tx.Bucket([]byte(textsBucket))
	if b.Get(text.key) != nil {
		return nil
	}
	return b.Put(text.key, text.value)
}

// unpack returns the text of a record of the texts' bucket, whose SHA-256 must
// be the record's key.
func unpack(key, value []byte) (string, error) {
	body, err := unseal(textsBucket, key, value)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body)), longestText))
	if err != nil {
		return "", &damage{fmt.Sprintf("the text %x does not unfold: %v", key, err)}
	}
	if sum := sha256.Sum256(text); !bytes.Equal(sum[:], key) {
		return "", &damage{fmt.Sprintf("the text %x is not the one that was sent", key)}
	}
	return string(text), nil
}

// Text returns the text with a SHA-256, in hex, as it was given to a channel. The
// parts of a chat message are joined by line breaks; of a mail it is the plain
// text. ErrNotFound: it was sent before texts were kept.
func (s *Store) Text(sum string) (string, error) {
	key, err := hex.DecodeString(sum)
	if err != nil {
		return "", s.invalid("%s is no SHA-256", strconv.Quote(sum))
	}
	var text string
	err = s.view(func(tx *bolt.Tx) error {
		value := tx.Bucket([]byte(textsBucket)).Get(key)
		if value == nil {
			return s.notFound("the text "+sum, "")
		}
		text, err = unpack(key, value)
		return err
	})
	return text, err
}

// verifyTexts looks at every text that is kept.
func (s *Store) verifyTexts(bad func(string, ...any) error) error {
	if s.schema < 2 {
		return nil
	}
	for r, err := range s.scan(textsBucket, "", "") {
		if err != nil {
			return err
		}
		if _, err := unpack(r.key, r.value); err != nil {
			return bad("the text %x was altered: %v", r.key, err)
		}
	}
	return nil
}
