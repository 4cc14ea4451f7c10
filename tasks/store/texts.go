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
	if d.Text == "" {
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

// unpacker unfolds one text after the other; a new reader for each would cost
// more than the text.
type unpacker struct {
	unfold io.ReadCloser // nil before the first
	text   bytes.Buffer
}

// unpack returns the text of a record of the texts' bucket, whose SHA-256 must
// be the record's key. It is good until the next call.
func (u *unpacker) unpack(key, value []byte) ([]byte, error) {
	body, err := unseal(textsBucket, key, value)
	if err != nil {
		return nil, err
	}
	if u.unfold == nil {
		u.unfold = flate.NewReader(bytes.NewReader(body))
	} else if err := u.unfold.(flate.Resetter).Reset(bytes.NewReader(body), nil); err != nil {
		return nil, err
	}
	u.text.Reset()
	if _, err := u.text.ReadFrom(io.LimitReader(u.unfold, longestText)); err != nil {
		return nil, &damage{fmt.Sprintf("the text %x does not unfold: %v", key, err)}
	}
	if sum := sha256.Sum256(u.text.Bytes()); !bytes.Equal(sum[:], key) {
		return nil, &damage{fmt.Sprintf("the text %x is not the one that was sent", key)}
	}
	return u.text.Bytes(), nil
}

// Text returns the text with a SHA-256, in hex, as it was given to a channel. The
// parts of a chat message are joined by line breaks; of a mail it is the plain
// text. ErrNotFound: it was sent before texts were kept, or was removed.
func (s *Store) Text(sum string) (string, error) {
	key, err := hex.DecodeString(sum)
	if err != nil {
		return "", s.invalid("%s is no SHA-256", strconv.Quote(sum))
	}
	var text []byte
	err = s.view(func(tx *bolt.Tx) error {
		value := tx.Bucket([]byte(textsBucket)).Get(key)
		if value == nil {
			return s.notFound("the text "+sum, "nhacviec verify tells whether it was removed, or is from before texts were kept")
		}
		text, err = new(unpacker).unpack(key, value)
		return err
	})
	return string(text), err
}
