package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"nhacviec/tasks/store"
)

// devour takes a gigabyte where a look may have 64 MB.
func devour() {
	if err := limitMemory(64 << 20); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	all := make([]byte, 1<<30)
	all[len(os.Args)]++
	fmt.Println(`{"entries":1}`, all[0])
}

// TestLookTakesTooMuch: a file that makes its reader ask for all memory is
// damaged, and only the process that looked is gone.
func TestLookTakesTooMuch(t *testing.T) {
	if underRace {
		t.Skip("the race detector takes more addresses than a look may have")
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = []string{"glutton"}
	_, err = await(t.Context(), cmd, "nhacviec.db", time.Minute)
	if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "ends the program: exit status 2:") || !strings.Contains(err.Error(), "memory") {
		t.Errorf("%v", err)
	}
}
