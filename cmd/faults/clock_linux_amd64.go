package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A program is put under a clock of its own without root and without its help:
// a seccomp filter hands each question for CLOCK_REALTIME to a tracer, which
// answers with the true time plus what a file says. CLOCK_MONOTONIC and
// CLOCK_BOOTTIME stay true, as they do when a wall clock is set. The kernel's
// library, from which a program reads the clock without a system call, is taken
// out of its sight.
//
// The process that was started becomes the program, and the tracer is its
// child: signals and the exit code are the program's own.

// The arguments with which this program becomes one of the two.
const (
	underClock = "under-clock" // FILE PROGRAM ARG…
	watchClock = "watch-clock" // FILE PID
)

// init, because only here the code is known to run in the first thread of the
// process, the one that the tracer attaches to.
func init() {
	var err error
	switch {
	case len(os.Args) > 3 && os.Args[1] == underClock:
		err = enterClock(os.Args[2], os.Args[3:])
	case len(os.Args) == 4 && os.Args[1] == watchClock:
		err = traceClock(os.Args[2], os.Args[3])
	default:
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "faults: %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
	os.Exit(0)
}

// enterClock starts the tracer, waits until it is attached, and becomes the
// program.
func enterClock(file string, args []string) error {
	var attached [2]int
	if err := unix.Pipe2(attached[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	tracer, err := syscall.ForkExec("/proc/self/exe", []string{os.Args[0], watchClock, file, strconv.Itoa(os.Getpid())},
		&syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, uintptr(attached[1]), 2}})
	if err != nil {
		return err
	}
	// Where only ancestors may trace; elsewhere there is no such call.
	_ = unix.Prctl(unix.PR_SET_PTRACER, uintptr(tracer), 0, 0, 0)
	if err := unix.Close(attached[1]); err != nil {
		return err
	}
	for ready := make([]byte, 1); ; {
		n, err := unix.Read(attached[0], ready)
		if err == unix.EINTR {
			continue
		}
		if n != 1 {
			return errors.New("ptrace is not allowed here")
		}
		break
	}
	if err := trapClock(); err != nil {
		return err
	}
	return syscall.Exec(args[0], args, os.Environ())
}

// trapClock hands the thread's questions for the wall clock to its tracer.
func trapClock() error {
	const arch, nr, which = 4, 0, 16 // offsets in struct seccomp_data
	load := func(k uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: k}
	}
	equal := func(k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: yes, Jf: no, K: k}
	}
	filter := []unix.SockFilter{
		load(arch), equal(unix.AUDIT_ARCH_X86_64, 0, 4),
		load(nr), equal(unix.SYS_CLOCK_GETTIME, 0, 2),
		load(which), equal(unix.CLOCK_REALTIME, 1, 0),
		{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW},
		{Code: unix.BPF_RET, K: unix.SECCOMP_RET_TRACE},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	runtime.KeepAlive(filter)
	return nil
}

// traceClock answers for the wall clock of a process, of its threads and of its
// children until the last of them is gone.
func traceClock(file, process string) error {
	offset, err := os.Open(file)
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(process)
	if err != nil {
		return err
	}
	const options = unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK |
		unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL
	if err := ptrace(unix.PTRACE_SEIZE, pid, options); err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	if _, err := os.Stdout.Write([]byte{1}); err != nil {
		return err
	}
	if err := os.Stdout.Close(); err != nil {
		return err
	}
	for {
		var status unix.WaitStatus
		tid, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ECHILD:
			return nil
		case err != nil:
			return err
		case !status.Stopped():
			continue
		}
		if err := resume(tid, status, offset); err != nil && !errors.Is(err, unix.ESRCH) { // gone: it was killed
			return err
		}
	}
}

// resume does what a thread has stopped for and lets it go on.
func resume(tid int, status unix.WaitStatus, offset *os.File) error {
	signal := status.StopSignal()
	switch int(status) >> 16 {
	case 0: // about to get a signal
		return unix.PtraceCont(tid, int(signal))
	case unix.PTRACE_EVENT_SECCOMP:
		if err := tellTime(tid, offset); err != nil {
			return fmt.Errorf("tell the time: %w", err)
		}
	case unix.PTRACE_EVENT_EXEC:
		if err := hideLibrary(tid); err != nil {
			return fmt.Errorf("hide the kernel's library: %w", err)
		}
	case unix.PTRACE_EVENT_STOP:
		if signal == unix.SIGSTOP { // it stays stopped until a SIGCONT
			return ptrace(unix.PTRACE_LISTEN, tid, 0)
		}
	}
	return unix.PtraceCont(tid, 0)
}

func ptrace(request, pid int, data uintptr) error {
	if _, _, no := unix.Syscall6(unix.SYS_PTRACE, uintptr(request), uintptr(pid), 0, data, 0, 0); no != 0 {
		return no
	}
	return nil
}

// tellTime answers clock_gettime in place of the kernel: the call is skipped.
func tellTime(tid int, offset *os.File) error {
	var raw [8]byte
	if _, err := offset.ReadAt(raw[:], 0); err != nil {
		return err
	}
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	now := time.Now().Add(time.Duration(binary.LittleEndian.Uint64(raw[:])))
	var answer [16]byte
	binary.LittleEndian.PutUint64(answer[:8], uint64(now.Unix()))
	binary.LittleEndian.PutUint64(answer[8:], uint64(now.Nanosecond()))
	if _, err := unix.PtracePokeData(tid, uintptr(regs.Rsi), answer[:]); err != nil {
		return err
	}
	regs.Orig_rax, regs.Rax = ^uint64(0), 0
	return unix.PtraceSetRegs(tid, &regs)
}

// hideLibrary takes the vDSO out of the auxiliary vector that a program finds on
// its stack when it begins, so that it asks the kernel for the time.
func hideLibrary(tid int) error {
	const ignore, library = 1, 33 // AT_IGNORE, AT_SYSINFO_EHDR
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	at := uintptr(regs.Rsp)
	var raw [8]byte
	next := func() (uint64, error) {
		_, err := unix.PtracePeekData(tid, at, raw[:])
		at += 8
		return binary.LittleEndian.Uint64(raw[:]), err
	}
	for nulls := -1; nulls < 2; { // behind the count, the arguments and the environment
		word, err := next()
		if err != nil {
			return err
		}
		if nulls < 0 || word == 0 {
			nulls++
		}
	}
	for {
		kind, err := next()
		if err != nil || kind == 0 {
			return err
		}
		if kind == library {
			binary.LittleEndian.PutUint64(raw[:], ignore)
			if _, err := unix.PtracePokeData(tid, at-8, raw[:]); err != nil {
				return err
			}
		}
		at += 8
	}
}
