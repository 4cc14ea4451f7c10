package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/tasks/planfile"
	"nhacviec/web"
)

func newImportCommand(a *app) *cobra.Command {
	var plan, title, note string
	var issued dateFlag
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Read a plan, or read it again",
		Long: `Import reads the task table of a plan and stores it, all or nothing. A plan that
is stored already is compared: what was sent and what people did stays, a
changed deadline gets a new version, and tasks that are gone are cancelled.

It prints what is new, changed and gone, and what somebody must look at.`,
		Example: `  nhacviec import ke-hoach-05.md --plan ct05 --issued 05/06/2023 -n
  nhacviec import ke-hoach-05.md --plan ct05 --issued 05/06/2023`,
		Args: arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, err := planfile.Read(args[0], planfile.Options{})
			if err != nil {
				return planFileError(err)
			}
			in := web.Import{
				Plan:   tasks.Plan{ID: plan, Title: title, Issued: issued.Date},
				Rows:   document.Rows,
				By:     whoAsks(),
				Note:   note,
				DryRun: dryRun,
			}
			if plan == "" {
				in.Plan.ID = planIDOf(args[0])
			}
			if title == "" {
				in.Plan.Title = document.Title
			}
			if issued.Date == 0 {
				in.Plan.Issued = document.Issued
			}
			use := changes
			if dryRun {
				use = reads
			}
			return a.ask(cmd.Context(), use, func(ctx context.Context, c *web.Client) error {
				found, err := c.Import(ctx, in)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(found)
				}
				return a.printImported(found)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&plan, "plan", "", "short id of the plan (default from the file's name)")
	flags.StringVar(&title, "title", "", "title of the plan (default from the file)")
	flags.Var(&issued, "issued", "day on which the plan was issued (default from the file)")
	flags.StringVar(&note, "note", "", "a note for the ledger")
	flags.BoolVarP(&dryRun, "dry-run", "n", false, "show what would change and change nothing")
	return cmd
}

func planFileError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return web.Failure(fmt.Sprintf("cannot read the plan %s: %v", path.Path, path.Err), "")
	}
	return web.Failure(err.Error(), "nothing was stored; correct the file and import it again")
}

// planIDOf makes an id of a file's name: "Kế hoạch 05.md" is "ke-hoach-05".
func planIDOf(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	return strings.Join(strings.FieldsFunc(tasks.Bare(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}

func (a *app) printImported(found web.Imported) error {
	did := "stored"
	if found.DryRun {
		did = "not stored (-n)"
	}
	err := a.printLine(fmt.Sprintf("plan %s, issued %s: %d new, %d changed, %d gone, %d the same; %s",
		found.Plan.ID, found.Plan.Issued.Day(), len(found.New), len(found.Changed), len(found.Gone), len(found.Same), did))
	if err != nil {
		return err
	}
	var rows [][]string
	row := func(what string, v tasks.View, note string) {
		rows = append(rows, []string{what, string(v.No), string(v.Deadline.Kind), v.NextDue.Day(), unitCell(v.Lead), cut(v.Content, taskWidth), note})
	}
	for _, v := range found.New {
		row("new", v, "")
	}
	for _, c := range found.Changed {
		row("changed", c.New, strings.Join(changeNotes(c), "; "))
	}
	for _, v := range found.Gone {
		row("gone", v, "")
	}
	if err := a.printTable([]string{"CHANGE", "NO", "KIND", "DUE", "LEAD", "TASK"}, rows); err != nil {
		return err
	}
	return a.printToLookAt(found.Review)
}

// changeNotes says what an import changed in a task, where the table does not.
func changeNotes(c web.ImportedChange) []string {
	var notes []string
	if c.Old.Deadline.Version != c.New.Deadline.Version {
		notes = append(notes, "deadline was: "+deadlineWords(c.Old.Deadline))
	}
	if len(c.Overruled) > 0 {
		notes = append(notes, "settled by hand before: "+strings.Join(c.Overruled, ", "))
	}
	return notes
}
