package planfile

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// manyRows writes a plan of so many tasks, twenty to a lead unit.
func manyRows(rows int, head, section, row string) string {
	var b bytes.Buffer
	b.WriteString(head)
	for i := range rows {
		if i%20 == 0 {
			fmt.Fprintf(&b, section, i/20)
		}
		fmt.Fprintf(&b, row, i+1)
	}
	return b.String()
}

func manyCSV(rows int) string {
	return manyRows(rows, "STT,Nội dung,Đơn vị phối hợp,Thời gian,Sản phẩm,Ghi chú\n", "PHÒNG SỐ %d,,,,,\n",
		"%d,Đẩy mạnh công tác tuyên truyền người dân sử dụng tài khoản định danh,\"Các phòng, ban; UBND các phường-xã\",Trước ngày 30/6/2023,Văn bản chỉ đạo,\n")
}

func manyMarkdown(rows int) string {
	return manyRows(rows, head, "| **PHÒNG SỐ %d** | | | | | |\n",
		"| %d | Đẩy mạnh công tác *tuyên truyền* người dân sử dụng tài khoản định danh | Các phòng, ban; UBND các phường-xã | Trước ngày 30/6/2023 | Văn bản chỉ đạo | |\n")
}

func BenchmarkReadRows(b *testing.B) {
	for _, c := range []struct {
		name, file string
		text       func(rows int) string
		rows       int
	}{
		{"CSV", "plan.csv", manyCSV, 20_000},
		{"Markdown", "plan.md", manyMarkdown, 20_000},
		{"MillionCSV", "plan.csv", manyCSV, 1_000_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), c.file)
			write(b, path, c.text(c.rows))
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Size())
			limits := DefaultLimits()
			limits.File, limits.Rows = 1<<30, 2_000_000
			peak := watchHeap(b)
			for b.Loop() {
				doc, err := Read(path, Options{Limits: limits})
				if err != nil || len(doc.Rows) != c.rows {
					b.Fatalf("%d rows, error %v", len(doc.Rows), err)
				}
			}
			b.ReportMetric(float64(c.rows*b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(peak()/(1<<20), "peak-MB")
		})
	}
}
