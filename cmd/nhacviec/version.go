package main

import (
	"cmp"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// buildVersion is what this program is made of.
type buildVersion struct {
	Version  string `json:"version"`  // "v1.2.0", or "devel"
	Commit   string `json:"commit"`   // "" when built outside of a checkout
	Modified bool   `json:"modified"` // built from files that no commit has
	Time     string `json:"time"`     // of the commit, RFC 3339
	Go       string `json:"go"`
}

func readVersion() buildVersion {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return buildVersion{Version: "devel"}
	}
	v := buildVersion{Version: info.Main.Version, Go: info.GoVersion}
	if v.Version == "(devel)" || v.Version == "" {
		v.Version = "devel"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		case "vcs.time":
			v.Time = s.Value
		}
	}
	return v
}

// String returns "v1.2.0 (commit 0123456789ab, go1.26)".
func (v buildVersion) String() string {
	commit := cmp.Or(v.Commit, "unknown")
	if len(commit) > 12 {
		commit = commit[:12]
	}
	if v.Modified {
		commit += " and changes"
	}
	return v.Version + " (commit " + commit + ", " + v.Go + ")"
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Example: `  nhacviec version
  nhacviec version --json`,
		Args: arguments(),
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			if a.json {
				return a.printJSON(v)
			}
			return a.printLine("nhacviec " + v.String())
		},
	}
}
