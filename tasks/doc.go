// Package tasks is the domain of nhacviec: plans, tasks, units, deadlines,
// steps, messages and deliveries, as an office speaks of them.
//
// It is pure: no input or output, no clock, no dependency but the standard
// library and golang.org/x/text. Everything that decides takes the day or the
// instant as a parameter. The other packages meet here and nowhere else.
//
// # The promise
//
// No reminder is lost silently, and none is repeated knowingly.
//
// A message is written to the outbox in the transaction that advances its
// rule's last fire; "sending" is written before the network is touched, "sent"
// after it. A crash between the provider's yes and that record makes the
// delivery "uncertain": it is sent again, with the same Message-ID for mail, and
// the ledger shows it. What was under way at MaxCrashes ends of the process is
// set aside. A delivery that cannot succeed is kept, shown and told to the
// standing office.
package tasks
