// Package scheduler decides when and whether somebody is told.
//
// Planning is pure: Plan turns tasks, rules, units, the calendar and the sent
// set into messages for one instant; Forecast and Explain use the same
// function and change nothing. Loop walks the rules' schedules on the real
// clock and stores what Plan decided; Deliverer takes it from the outbox to the
// channels and records what became of it.
package scheduler
