package scheduler

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nhacviec/tasks"
)

// TestModel does at random what happens to an office and its daemon: imports,
// what people do to tasks, days that pass, far ends that refuse, are silent or
// break the line, kills between any two records, restarts, other configs. All
// that is planned, recorded and taken by a far end is held against the model.
//
// A plain run does a few, the same each time. Many, drawn anew:
//
//	go test ./scheduler -run 'TestModel$' -timeout 0 -rapid.checks 5000
//
// What fails is made small and printed with the seed, and with what replays it.
func TestModel(t *testing.T) {
	dir, few := fastDir(t)
	if underRace || testing.Short() {
		few = 3
	}
	if given("rapid.checks") {
		few = math.MaxInt
	} else if !given("rapid.seed") {
		if err := flag.Set("rapid.seed", "20230630"); err != nil {
			t.Fatal(err)
		}
	}
	t.Parallel()
	runs, tally := 0, map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		if runs++; runs > few && !t.Failed() {
			return
		}
		rapid.SyncTest(rt, func(rt *rapid.T) { modelRun(t, rt, filepath.Join(dir, fmt.Sprint(runs)), tally) })
	})
	t.Log(tally)
}

// given reports whether a flag of the test binary has another value than it has
// by itself.
func given(name string) bool {
	f := flag.Lookup(name)
	return f.Value.String() != f.DefValue
}

// fastDir returns a directory and how many runs are soon done in it: no power is
// cut here, and where files can be in memory no record waits for a disk.
func fastDir(t *testing.T) (dir string, runs int) {
	dir, err := os.MkdirTemp("/dev/shm", "nhacviec-model-")
	if err != nil {
		return t.TempDir(), 3
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir, 25
}

func modelRun(t *testing.T, rt *rapid.T, dir string, tally map[string]int) {
	time.Sleep(time.Until(instant("2023-06-30 07:00")))
	w := &modelWorld{t: t, dir: dir, book: newBook(), config: drawConfig(rt)}
	w.ends = map[tasks.Channel]*modelEnd{tasks.Email: {world: w, ch: tasks.Email}, tasks.Telegram: {world: w, ch: tasks.Telegram}}
	w.check(os.MkdirAll(dir, 0o700))
	w.open(filepath.Join(dir, "nhacviec.db"))
	defer w.close()
	for no := range rapid.IntRange(2, 6).Draw(rt, "rows") {
		w.rows = append(w.rows, drawRow(rt, tasks.Number(fmt.Sprint(no+1))))
	}
	w.importRows(rt)
	w.start()
	w.wait(29 * time.Minute)

	act := func(do func(*rapid.T)) func(*rapid.T) {
		return func(rt *rapid.T) {
			do(rt)
			w.settle()
		}
	}
	rt.Repeat(map[string]func(*rapid.T){
		"minutes":   act(func(rt *rapid.T) { w.wait(time.Duration(rapid.IntRange(1, 90).Draw(rt, "minutes")) * time.Minute) }),
		"hours":     act(func(rt *rapid.T) { w.wait(time.Duration(rapid.IntRange(2, 20).Draw(rt, "hours")) * time.Hour) }),
		"days":      act(func(rt *rapid.T) { w.wait(time.Duration(rapid.IntRange(1, 9).Draw(rt, "days")) * 24 * time.Hour) }),
		"day off":   act(w.toDayOff),
		"fire":      act(w.toNextFire),
		"fire soon": act(w.toNextFire),
		"act":       act(w.act),
		"act too":   act(w.act),
		"import":    act(w.importAgain),
		"far end":   act(w.worsen),
		"far ends":  act(w.worsen),
		"kill":      act(w.killNow),
		"doom":      act(w.doom),
		"stop":      act(func(rt *rapid.T) { w.up(rt); w.quit() }),
		"start":     act(w.restart),
		"go on":     act(w.restart),
		"reload":    act(w.another),
		"resend":    act(w.resend),
		"": func(rt *rapid.T) {
			w.book.late()
			w.verdict(rt)
		},
	})
	w.end(rt)
	w.verdict(rt)
	for k, n := range w.book.tally {
		tally[k] += n
	}
}

func (w *modelWorld) verdict(rt *rapid.T) {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	if len(w.book.faults) > 0 {
		rt.Fatalf("%s", strings.Join(w.book.faults, "\n"))
	}
}

var modelUnits = []string{"van-phong", "ubnd", "tu-phap", "noi-vu", "cong-an", "cac-phong", "to"}

// drawConfig draws rules, addresses and days off.
func drawConfig(rt *rapid.T) modelConfig {
	mail := func(a string) map[tasks.Channel]string { return map[tasks.Channel]string{tasks.Email: a} }
	both := func(a, chat string) map[tasks.Channel]string {
		return map[tasks.Channel]string{tasks.Email: a, tasks.Telegram: chat}
	}
	c := modelConfig{units: map[string]modelUnit{
		"van-phong": {name: "Văn phòng", addresses: both("vp@x.vn", "-100")},
		"ubnd":      {name: "Ủy ban nhân dân", addresses: mail("ubnd@x.vn")},
		"tu-phap":   {name: "Phòng Tư pháp", superior: "ubnd", addresses: mail("tp@x.vn")},
		"noi-vu":    {name: "Phòng Nội vụ", addresses: both("nv@x.vn", "-7")},
		"cong-an":   {name: "Công an", superior: "van-phong", addresses: mail("ca@x.vn")},
		"cac-phong": {name: "Các phòng, ban, ngành", members: []string{"tu-phap", "noi-vu"}},
		"to":        {name: "Tổ công tác", addresses: map[tasks.Channel]string{tasks.Telegram: "-9"}},
	}}
	if rapid.Bool().Draw(rt, "new addresses") {
		c.units["tu-phap"] = modelUnit{name: "Phòng Tư pháp", superior: "van-phong", addresses: both("tp2@x.vn", "-5")}
		c.units["cac-phong"] = modelUnit{name: "Các phòng, ban, ngành", members: []string{"tu-phap", "noi-vu", "cong-an"}, addresses: mail("cp@x.vn")}
	}
	c.quiet = rapid.Bool().Draw(rt, "quiet")
	if rapid.Bool().Draw(rt, "holidays") {
		c.off, c.extra = []tasks.Date{day("3/7/2023"), day("5/7/2023")}, []tasks.Date{day("8/7/2023")}
	}
	leads := modelRule{name: "han", hour: rapid.SampledFrom([]int{7, 14}).Draw(rt, "hour"), minute: 30, weekday: -1, kinds: []tasks.Kind{tasks.Dated},
		to:       rapid.SampledFrom([][]string{{"lead"}, {"lead", "to"}, {"lead", "coordinating"}, {"lead", "superior"}}).Draw(rt, "to"),
		before:   rapid.SampledFrom([][]int{{14, 7, 3, 1, 0}, {7, 1}, {3, 0}, {5, 4, 3, 2, 1, 0}}).Draw(rt, "before"),
		every:    rapid.SampledFrom([]int{0, 1, 3, 7}).Draw(rt, "every"),
		escalate: rapid.SampledFrom([]int{0, 2, 5}).Draw(rt, "escalate"),
		anyDay:   rapid.Bool().Draw(rt, "any day")}
	others := modelRule{name: "thuong-xuyen", hour: 7, minute: 30, weekday: -1, monthday: rapid.SampledFrom([]int{1, 10, 25}).Draw(rt, "monthday"),
		kinds: []tasks.Kind{tasks.Ongoing, tasks.Awaiting}, to: rapid.SampledFrom([][]string{{"office"}, {"lead", "office"}}).Draw(rt, "others to")}
	c.rules = []modelRule{leads, others}
	if rapid.Bool().Draw(rt, "a third rule") {
		c.rules = append(c.rules, modelRule{name: "phoi-hop", hour: 9, minute: 0, weekday: time.Weekday(rapid.IntRange(-1, 6).Draw(rt, "weekday")),
			kinds: []tasks.Kind{tasks.Dated, tasks.Ongoing}, to: []string{"coordinating", "lead"}, before: []int{10, 2}})
	}
	return c
}

func drawDay(rt *rapid.T, label string) tasks.Date {
	return day("28/6/2023") + tasks.Date(rapid.IntRange(0, 40).Draw(rt, label))
}

func drawTime(rt *rapid.T) modelTime {
	switch rapid.SampledFrom([]string{"date", "date", "date", "dates", "date and on", "on", "awaiting", "unknown"}).Draw(rt, "time") {
	case "date":
		return modelTime{kind: tasks.Dated, due: []tasks.Date{drawDay(rt, "due")}}
	case "dates":
		first := drawDay(rt, "due")
		return modelTime{kind: tasks.Dated, due: []tasks.Date{first, first + tasks.Date(rapid.IntRange(1, 20).Draw(rt, "later"))}}
	case "date and on":
		return modelTime{kind: tasks.Dated, due: []tasks.Date{drawDay(rt, "due")}, ongoing: true}
	case "on":
		return modelTime{kind: tasks.Ongoing, ongoing: true}
	case "awaiting":
		return modelTime{kind: tasks.Awaiting}
	}
	return modelTime{kind: tasks.Unknown}
}

var modelLeads = []string{"tu-phap", "noi-vu", "cong-an", "cac-phong"}

func drawRow(rt *rapid.T, no tasks.Number) modelRow {
	return modelRow{no: no, lead: rapid.SampledFrom(modelLeads).Draw(rt, "lead"),
		coordinating: rapid.SliceOfNDistinct(rapid.SampledFrom(modelLeads[:3]), 0, 2, rapid.ID).Draw(rt, "coordinating"), time: drawTime(rt)}
}

// importRows imports the plan's file as it is.
func (w *modelWorld) importRows(rt *rapid.T) {
	units := w.config.setup(w.t).Units
	name := func(code string) string { return w.config.units[code].name }
	var rows []tasks.Row
	for _, r := range w.rows {
		var with []string
		for _, code := range r.coordinating {
			with = append(with, name(code))
		}
		rows = append(rows, tasks.Row{No: r.no, Lead: name(r.lead), Coordinating: strings.Join(with, "; "), Content: "Nhiệm vụ " + string(r.no), Deadline: r.time.words()})
	}
	plan := tasks.Plan{ID: "p", Issued: day("5/6/2023")}
	read, err := tasks.Understand(plan, rows, units, today())
	if err != nil {
		rt.Fatal(err)
	}
	err = w.store.Import(plan, time.Now(), "an", "", func(stored tasks.Stored, keep func(tasks.Compared) error) error {
		return tasks.Compare(stored, eachOf(read), today(), keep)
	})
	if err != nil {
		rt.Fatal(err)
	}
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	w.book.read(w.rows, today(), time.Now())
}

// importAgain corrects the file: a row less, a row more, or another deadline,
// lead or coordinator.
func (w *modelWorld) importAgain(rt *rapid.T) {
	i := rapid.IntRange(0, len(w.rows)-1).Draw(rt, "row")
	w.rows = slices.Clone(w.rows)
	switch rapid.SampledFrom([]string{"nothing", "less", "back", "more", "time", "row"}).Draw(rt, "correction") {
	case "less":
		if len(w.rows) > 1 {
			w.gone = append(w.gone, w.rows[i])
			w.rows = slices.Delete(w.rows, i, i+1)
		}
	case "back":
		for _, r := range w.gone {
			if !slices.ContainsFunc(w.rows, func(in modelRow) bool { return in.no == r.no }) {
				w.rows = append(w.rows, r)
			}
		}
	case "more":
		no := tasks.Number(fmt.Sprint(rapid.IntRange(1, 7).Draw(rt, "number")))
		if !slices.ContainsFunc(w.rows, func(r modelRow) bool { return r.no == no }) {
			w.rows = append(w.rows, drawRow(rt, no))
		}
	case "time":
		w.rows[i].time = drawTime(rt)
	case "row":
		w.rows[i] = drawRow(rt, w.rows[i].no)
	}
	w.importRows(rt)
}

// act does to a task what a person asks.
func (w *modelWorld) act(rt *rapid.T) {
	no := rapid.SampledFrom(slices.Sorted(maps.Keys(w.book.tasks))).Draw(rt, "task")
	action := rapid.SampledFrom([]tasks.Action{tasks.ActDone, tasks.ActDone, tasks.ActReport, tasks.ActReopen, tasks.ActReopen, tasks.ActHold,
		tasks.ActConfirm, tasks.ActExtend, tasks.ActDue, tasks.ActLead}).Draw(rt, "action")
	var date tasks.Date
	var unit string
	switch action {
	case tasks.ActExtend, tasks.ActDue:
		date = drawDay(rt, "date")
	case tasks.ActLead:
		unit = rapid.SampledFrom(modelLeads).Draw(rt, "unit")
	}
	do := func(t tasks.Task) (tasks.Task, tasks.Change, error) {
		if action == tasks.ActLead {
			return t.Assign(tasks.UnitRef{Code: unit, Text: w.config.units[unit].name})
		}
		return t.Do(action, date, today())
	}
	key := tasks.Key{Plan: "p", No: no}
	_, err := w.store.Change(key, tasks.Change{Action: string(action), By: "an"}, time.Now(), func(t *tasks.Task) (err error) {
		*t, _, err = do(*t)
		return err
	})
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	t := *w.book.tasks[no]
	if done := t.do(action, date, unit, today()); done != (err == nil) {
		rt.Fatalf("%s of %s (%s): %v; by the model that it can be is %v", action, no, t.status, err, done)
	} else if done {
		t.changed = time.Now()
		w.book.tasks[no] = &t
		w.book.changes++
	}
}

// worsen puts a far end out of temper for some messages, or for good until it
// is put into another mood.
func (w *modelWorld) worsen(rt *rapid.T) {
	e := w.ends[rapid.SampledFrom([]tasks.Channel{tasks.Email, tasks.Telegram}).Draw(rt, "channel")]
	e.mu.Lock()
	defer e.mu.Unlock()
	e.left = rapid.SampledFrom([]int{0, 1, 1, 2, 3, 9, 1 << 30}).Draw(rt, "for so many")
	e.mood = rapid.SampledFrom(moods).Draw(rt, "mood")
}

func (w *modelWorld) up(rt *rapid.T) {
	if w.proc == nil {
		rt.Skip()
	}
}

func (w *modelWorld) killNow(rt *rapid.T) {
	w.up(rt)
	w.book.mu.Lock()
	w.book.tally["kills"]++
	w.book.mu.Unlock()
	w.proc.die()
}

// doom lets the process end at one of its next records, before or after it.
func (w *modelWorld) doom(rt *rapid.T) {
	w.up(rt)
	w.proc.diesAfter.Store(rapid.Bool().Draw(rt, "after"))
	w.proc.diesAt.Store(w.proc.records.Load() + int64(rapid.IntRange(1, 9).Draw(rt, "records")))
	w.toNextFire(rt)
}

func (w *modelWorld) restart(rt *rapid.T) {
	if w.proc != nil {
		rt.Skip()
	}
	w.start()
}

// another draws another config; a process that runs reloads it.
func (w *modelWorld) another(rt *rapid.T) {
	w.config = drawConfig(rt)
	if w.proc != nil {
		w.reload()
	}
}

// toNextFire lets time go by until some minutes after the next fire that the
// rules name.
func (w *modelWorld) toNextFire(rt *rapid.T) {
	now := time.Now()
	var next time.Time
	for _, r := range w.config.rules {
		for d := today(); ; d++ {
			at := w.config.takesPlace(r, d.At(r.hour, r.minute, hoChiMinh))
			if r.firesOn(d) && at.After(now) {
				if next.IsZero() || at.Before(next) {
					next = at
				}
				break
			}
		}
	}
	w.wait(time.Until(next) + time.Duration(rapid.IntRange(0, 5).Draw(rt, "minutes after"))*time.Minute)
}

// toDayOff lets time go by until some hour of the next day off.
func (w *modelWorld) toDayOff(rt *rapid.T) {
	d := today() + 1
	for w.config.worked(d) {
		d++
	}
	w.wait(time.Until(d.At(rapid.IntRange(0, 23).Draw(rt, "hour"), 31, hoChiMinh)))
}

// resend sends a message again that failed or was sent.
func (w *modelWorld) resend(rt *rapid.T) {
	b := w.book
	b.mu.Lock()
	var ids []string
	for id, row := range b.rows {
		if row.kind == tasks.Reminder && (row.state == tasks.Failed || row.state == tasks.Delivered) {
			ids = append(ids, id)
		}
	}
	b.mu.Unlock()
	if len(ids) == 0 {
		rt.Skip()
	}
	slices.Sort(ids)
	id := rapid.SampledFrom(ids).Draw(rt, "id")
	of, refused := b.againOf(id)
	d, err := w.store.Resend(id, "an", time.Now())
	if refused != (err != nil) {
		rt.Fatalf("resend %s: %v; the book says that it is refused: %v", id, err, refused)
	}
	if refused {
		return
	}
	b.mu.Lock()
	b.enter(d, time.Now())
	b.notices[id], b.notices[of] = true, true // a person knows of it
	b.mu.Unlock()
	if w.proc != nil {
		w.proc.deliverer.Wake()
	}
}

// againOf returns what is sent when a person asks for a message that failed or
// was sent, or that it is refused: while something that followed it waits, when
// what failed has arrived since, or when several that followed it failed.
func (b *book) againOf(id string) (of string, refused bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var failed []string
	for _, f := range b.followers(id) {
		switch row := b.rows[f]; {
		case !row.settled(), row.state == tasks.Delivered && b.rows[id].state == tasks.Failed:
			return id, true
		case row.state == tasks.Failed && !slices.ContainsFunc(b.followers(f), func(id string) bool {
			return !b.rows[id].settled() || b.rows[id].state == tasks.Delivered || b.rows[id].state == tasks.Failed
		}):
			failed = append(failed, f)
		}
	}
	if len(failed) == 0 {
		return id, false
	}
	return failed[0], len(failed) > 1
}

// followers returns the copies of a message after one of them, what went out in
// its place, and what followed these.
func (b *book) followers(id string) (out []string) {
	found := map[string]bool{id: true}
	for more := true; more; {
		more = false
		for next := range b.rows {
			if found[next] {
				continue
			}
			for of := range found {
				message, n, _ := strings.Cut(of, "-")
				same, m, _ := strings.Cut(next, "-")
				was, _ := strconv.Atoi(n)
				is, _ := strconv.Atoi(m)
				if message == same && is > was || slices.Contains(b.rows[of].instead, next) {
					found[next], more = true, true
					out = append(out, next)
					break
				}
			}
		}
	}
	return out
}

// end lets all be well for two days, and then holds the ledger against all that
// was planned and all that arrived.
func (w *modelWorld) end(rt *rapid.T) {
	for _, e := range w.ends {
		e.mu.Lock()
		e.left = 0
		e.mu.Unlock()
	}
	if w.proc != nil {
		w.proc.diesAt.Store(0)
	} else {
		w.start()
	}
	w.wait(50 * time.Hour)
	w.book.late()
	w.wait(10 * time.Minute)
	w.quit()
	b := w.book
	b.mu.Lock()
	defer b.mu.Unlock()
	settled, doubts, changes := map[string]int{}, map[string]int{}, 0
	err := w.store.Ledger(tasks.LedgerQuery{}, func(e tasks.Entry) error {
		switch {
		case e.Change != nil && e.Action != "import" && e.Action != "cancel" && e.Action != "resend":
			changes++
		case e.Delivery == nil:
		case e.State == tasks.Uncertain:
			doubts[e.Delivery.ID]++
		default:
			settled[e.Delivery.ID]++
			b.entered(*e.Delivery)
		}
		return nil
	})
	if err != nil {
		rt.Fatal(err)
	}
	if changes != b.changes {
		b.fault("the ledger has %d changes of tasks, want %d", changes, b.changes)
	}
	for id, row := range b.rows {
		if settled[id] != 1 {
			b.fault("%s to %s of %s, %s, is settled by %d entries", id, row.Address, row.at, row.state, settled[id])
		}
		if doubts[id] != row.uncertain {
			b.fault("%s has %d entries of doubt, want %d", id, doubts[id], row.uncertain)
		}
		if row.state == tasks.Failed && row.kind == tasks.Reminder && !b.notices[id] {
			b.fault("the office was not told that %s to %s failed", id, row.Address)
		}
	}
	for m, steps := range b.planned {
		for _, p := range steps {
			if p.state == tasks.Planned {
				b.fault("%v %s was planned at %s and is not settled", m, p.name, p.at)
			}
		}
	}
	if waiting, err := w.store.Outbox(); err != nil {
		rt.Fatal(err)
	} else if i := slices.IndexFunc(waiting, func(d tasks.Delivery) bool { return d.State != tasks.Failed }); i >= 0 {
		b.fault("%s still waits", waiting[i].ID)
	}
	if _, err := w.store.Verify(); err != nil {
		b.fault("%v", err)
	}
}

// entered holds an entry that settles a delivery against what arrived.
func (b *book) entered(d tasks.Delivery) {
	row := b.rows[d.ID]
	if row == nil || row.state != d.State {
		b.fault("the ledger has %s as %s", d.ID, d.State)
		return
	}
	if len(row.arrivals) == 0 {
		if d.State == tasks.Delivered {
			b.fault("the ledger has %s as sent, and nothing arrived", d.ID)
		}
		return
	}
	if d.State != tasks.Delivered && row.uncertain == 0 && d.Doubts == 0 && d.PartsSent == 0 {
		b.fault("%s arrived, and the ledger has it as %s without a doubt", d.ID, d.State)
	}
	if len(row.arrivals) == 1 && d.State == tasks.Delivered {
		for text := range row.arrivals {
			if sum := sha256.Sum256([]byte(text)); hex.EncodeToString(sum[:]) != d.SHA256 {
				b.fault("%s arrived as %q, and the ledger has the hash of something else", d.ID, text)
			}
		}
	}
}
