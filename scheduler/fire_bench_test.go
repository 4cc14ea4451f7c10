package scheduler

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// BenchmarkFire plans one fire of a daily rule (reading what is due from the
// store included) with more and more tasks stored, of which 20, none or 10,000
// are due; the rest is due in years or goes on without a date. The cost follows the 20.
func BenchmarkFire(b *testing.B) {
	for _, stored := range []int{100, 10_000, 1_000_000} {
		for _, n := range []int{20, 0, 10_000} {
			if n > stored {
				continue
			}
			b.Run(fmt.Sprintf("stored=%d/due=%d", stored, n), func(b *testing.B) {
				st := storeWith(b, stored, n)
				s := office(b, rule(b, "r", daily, nil))
				at := instant("2023-06-30 07:30")
				fires := []Fire{{s.Rules[0], at}}
				b.ReportAllocs()
				messages := 0
				for b.Loop() {
					tt, sent, err := st.Due(s.Query(fires, tasks.DateOf(at)))
					if err != nil {
						b.Fatal(err)
					}
					messages = len(Plan(tt, fires, s, sent, at))
				}
				if (messages > 0) != (n > 0) {
					b.Fatalf("%d messages for %d due tasks", messages, n)
				}
			})
		}
	}
}

// storeWith returns a store with tasks of which some are due on 30 June 2023.
func storeWith(b *testing.B, stored, due int) *store.Store {
	b.Helper()
	st, err := store.Open(filepath.Join(b.TempDir(), "nhacviec.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	const perPlan = 20_000
	leads := []string{"tu-phap", "noi-vu", "cong-an", "ubnd"}
	for first := 0; first < stored; first += perPlan {
		var tt []tasks.Task
		for i := first; i < min(first+perPlan, stored); i++ {
			words := "Thực hiện thường xuyên"
			switch {
			case i < due:
				words = "trước ngày 30/6/2023"
			case i%2 == 0:
				words = fmt.Sprintf("trước ngày 15/7/%d", 2030+i%20)
			}
			t := task(i+1, leads[i%len(leads)], words)
			t.Plan = fmt.Sprintf("p%d", first/perPlan)
			tt = append(tt, t)
		}
		plan := tasks.Plan{ID: tt[0].Plan, Issued: day("5/6/2023")}
		if err := st.Import(plan, time.Now(), "bench", "", allNew(tt)); err != nil {
			b.Fatal(err)
		}
	}
	return st
}
