package store

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// A record is the CRC-32C of its key, a zero byte and its body, as eight
// hexadecimal digits; a space; and the body. The body is JSON, the bytes that
// a channel gave us, or nothing for an entry of an index.
const sealSize = 9

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key, body []byte) uint32 {
	sum := crc32.Update(0, castagnoli, key)
	sum = crc32.Update(sum, castagnoli, []byte{0})
	return crc32.Update(sum, castagnoli, body)
}

func seal(key, body []byte) []byte {
	out := make([]byte, 0, sealSize+len(body))
	out = fmt.Appendf(out, "%08x ", checksum(key, body))
	return append(out, body...)
}

// unseal returns the body of a record, still inside value.
func unseal(bucket string, key, value []byte) ([]byte, error) {
	if len(value) >= sealSize {
		body := value[sealSize:]
		var head [sealSize]byte
		if string(fmt.Appendf(head[:0], "%08x ", checksum(key, body))) == string(value[:sealSize]) {
			return body, nil
		}
	}
	return nil, &damage{fmt.Sprintf("the checksum of record %q in %q does not match", key, bucket)}
}

// put stores v as the JSON record of key.
func put(tx *bolt.Tx, bucket, key string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Bucket([]byte(bucket)).Put([]byte(key), seal([]byte(key), body))
}

// get reads the JSON record of key into v; found is false when there is none.
func get(tx *bolt.Tx, bucket, key string, v any) (found bool, err error) {
	value := tx.Bucket([]byte(bucket)).Get([]byte(key))
	if value == nil {
		return false, nil
	}
	return true, decode(bucket, []byte(key), value, v)
}

func decode(bucket string, key, value []byte, v any) error {
	body, err := unseal(bucket, key, value)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return &damage{fmt.Sprintf("record %q in %q is not what it should be: %v", key, bucket, err)}
	}
	return nil
}

// enter and leave keep an index.
func enter(tx *bolt.Tx, bucket, key string) error {
	return tx.Bucket([]byte(bucket)).Put([]byte(key), seal([]byte(key), nil))
}

func leave(tx *bolt.Tx, bucket, key string) error {
	return tx.Bucket([]byte(bucket)).Delete([]byte(key))
}

// bar joins the parts of a key. Plan ids, numbers and unit codes hold none.
const bar = "|"

func join(parts ...string) string { return strings.Join(parts, bar) }

func taskKey(k tasks.Key) string { return join(k.Plan, string(k.No)) }

// dayKey is a date as it sorts in a key.
func dayKey(d tasks.Date) string {
	y, m, day := d.Split()
	return fmt.Sprintf("%04d%02d%02d", y, int(m), day)
}

// instantKey is an instant as it sorts in a key.
func instantKey(t time.Time) string { return t.UTC().Format("20060102T150405.000000000") }

const instantSize = len("20060102T150405.000000000")
