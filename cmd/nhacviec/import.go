package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/tasks/planfile"
	"nhacviec/web"
)

func newImportCommand(a *app) *cobra.Command {
	var in web.Import
	var sheet string
	var issued dateFlag
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Read a plan, or read it again",
		Long: `Import reads the task table of a plan and stores it, all or nothing. A plan that
is stored already is compared: what was sent and what people did stays, a
changed deadline gets a new version, and tasks that are gone are cancelled. When
that is more than a tenth of them, it asks on a terminal, and elsewhere wants --yes.

The first import prints a summary, later ones what is new, changed and gone;
both what somebody must look at. What a file may cost is in [import] of the
config. -n shows the same and changes nothing.

FILE must be a file: links, pipes and devices are refused.`,
		Example: `  nhacviec import ke-hoach-05.docx --plan ct05 --issued 05/06/2023 -n
  nhacviec import ke-hoach-05.docx --plan ct05 --issued 05/06/2023
  nhacviec import theo-doi.xlsx --plan ct05 --sheet "Phụ lục" --yes`,
		Args: arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			debug.SetGCPercent(25) // rows stay, so that room for as much waste would double the memory
			document, err := a.readPlan(args[0], sheet)
			if err != nil {
				return err
			}
			in.Rows, in.Dated, in.By = document.Rows, document.Dated, whoAsks()
			in.Plan.ID = cmp.Or(in.Plan.ID, planIDOf(args[0]))
			in.Plan.Title = cmp.Or(in.Plan.Title, document.Title)
			in.Plan.Number = document.Number
			in.Plan.Issued = cmp.Or(issued.Date, document.Issued)
			use := changes
			if in.DryRun {
				use = reads
			}
			return a.ask(cmd.Context(), use, func(ctx context.Context, c *web.Client) error {
				if a.json {
					return a.importWhole(ctx, c, in)
				}
				return a.importBriefly(ctx, c, in)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&in.Plan.ID, "plan", "", "short id of the plan (default from the file's name)")
	flags.StringVar(&in.Plan.Title, "title", "", "title of the plan (default from the file)")
	flags.Var(&issued, "issued", "day on which the plan was issued (default from the file)")
	flags.StringVar(&sheet, "sheet", "", "sheet of a workbook to read, when several have a task table")
	flags.StringVar(&in.Note, "note", "", "a note for the ledger")
	flags.BoolVar(&in.Yes, "yes", false, "store it even if it cancels more than a tenth of the tasks")
	flags.BoolVarP(&in.DryRun, "dry-run", "n", false, "show what would change and change nothing")
	return cmd
}

// readPlan reads a plan's file within the limits of the config, and prints what
// its reader has to say.
func (a *app) readPlan(path, sheet string) (document planfile.Document, err error) {
	config, err := a.configPath()
	if err != nil {
		return document, err
	}
	limits, err := loadImportLimits(config)
	if err != nil {
		return document, err
	}
	a.during("reading "+filepath.Base(path), func() {
		document, err = readPlanFile(path, planfile.Options{Sheet: sheet, Limits: limits})
	})
	if err != nil {
		return document, planFileError(err)
	}
	debug.FreeOSMemory() // the file and its table, which a huge plan makes much of
	for _, notice := range document.Notices {
		a.say("note: %s", notice)
	}
	return document, nil
}

// importWhole imports and prints every task as JSON.
func (a *app) importWhole(ctx context.Context, c *web.Client, in web.Import) error {
	var found web.Imported
	err := a.importPlan(in, func(in web.Import) (err error) { found, err = c.Import(ctx, in); return err })
	if err != nil {
		return err
	}
	return a.printJSON(found)
}

// importBriefly imports and prints what a person wants to read.
func (a *app) importBriefly(ctx context.Context, c *web.Client, in web.Import) error {
	in.Brief = true
	report := newImportReport()
	err := a.importPlan(in, func(in web.Import) (err error) { report.totals, err = c.ImportEach(ctx, in, report.add); return err })
	if err != nil || a.quiet && !in.DryRun { // what -n shows was asked for
		return err
	}
	return a.printImported(report)
}

// importPlan imports, and asks the person at the terminal what the handler
// wants to be asked.
func (a *app) importPlan(in web.Import, ask func(web.Import) error) (err error) {
	try := func() {
		a.during("comparing "+plural(len(in.Rows), "task"), func() { err = ask(in) })
	}
	try()
	if e, ok := errors.AsType[*web.Error](err); ok && e.Ask != "" && a.yes(e.Ask) {
		in.Yes = true
		try()
	}
	return err
}

func planFileError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return web.Failure(fmt.Sprintf("cannot read the plan %s: %v", path.Path, path.Err), "give the path of a .md, .docx, .xlsx or .csv file that this user may read; nothing was stored")
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
