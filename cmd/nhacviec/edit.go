package main

import (
	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/web"
)

// standsUntil says what an import does to what a person has settled.
const standsUntil = `It stands through later imports of the plan, until the plan's own text of that
field changes; the import then says so.`

func newTaskLeadCommand(a *app) *cobra.Command {
	var plan, by, note string
	cmd := &cobra.Command{
		Use:   "lead N UNIT",
		Short: "Another unit leads the task",
		Long: `Lead hands a task over to a unit of the config, given by its code or name. From
now on that unit is reminded; what waits to be sent to the one before is dropped.
` + standsUntil,
		Example: "  nhacviec task lead 21 noi-vu\n  nhacviec task lead 21 \"Phòng Nội vụ\" --note \"Công văn số 812/UBND-NC\"",
		Args:    arguments("N, the task's number", "a UNIT, by its code or name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.act(cmd.Context(), web.Act{Key: tasks.Key{Plan: plan, No: tasks.Number(args[0])},
				Action: tasks.ActLead, Unit: args[1], By: by, Note: note})
		},
	}
	planFlag(cmd, &plan)
	ledgerFlags(cmd, &by, &note)
	return cmd
}

func newTaskEditCommand(a *app) *cobra.Command {
	var plan, by, note string
	var content, product, taskNote, coordinating string
	cmd := &cobra.Command{
		Use:   "edit N",
		Short: "The task says something else than the plan's file",
		Long: `Edit puts other words in the place of the plan's: its content, its product, its
note or the units that coordinate, these as a plan lists them. --note is for the
ledger, as with every verb; --task-note is the task's own. The deadline stays as
it was read: nhacviec task due moves it. What the file says is kept beside.
` + standsUntil,
		Example: `  nhacviec task edit 21 --content "Số hóa sổ hộ tịch" --note "Công văn số 812/UBND-NC"
  nhacviec task edit 21 --coordinating "Công an thành phố; UBND các phường-xã"
  nhacviec task edit 21 --product "Báo cáo" --task-note ""`,
		Args: arguments("N, the task's number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags := cmd.Flags()
			given := func(name string, value *string) *string {
				if !flags.Changed(name) {
					return nil
				}
				return value
			}
			return a.act(cmd.Context(), web.Act{Key: tasks.Key{Plan: plan, No: tasks.Number(args[0])}, Action: tasks.ActEdit, By: by, Note: note,
				Edit: &tasks.Edit{
					Content:      given("content", &content),
					Product:      given("product", &product),
					Note:         given("task-note", &taskNote),
					Coordinating: given("coordinating", &coordinating),
				}})
		},
	}
	planFlag(cmd, &plan)
	ledgerFlags(cmd, &by, &note)
	flags := cmd.Flags()
	flags.StringVar(&content, "content", "", "what is to be done")
	flags.StringVar(&product, "product", "", "what comes of it")
	flags.StringVar(&taskNote, "task-note", "", "the task's own note")
	flags.StringVar(&coordinating, "coordinating", "", "the units that coordinate")
	return cmd
}
