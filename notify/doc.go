// Package notify carries messages: it puts them into words and hands them to
// email, Telegram and Zalo.
//
// Compose turns a tasks.Message into tasks.Content. Each channel (Email,
// Telegram, ZaloBot, ZaloOA) takes one tasks.Outgoing to its provider and says
// what became of it: a tasks.Receipt is the provider's yes; a *tasks.SendError
// says whether to try again, to give up, to call a person, or that nobody can
// know. A channel decides nothing else: when to send, how often and to whom is
// the scheduler's. Every channel honours its context for the whole exchange, is
// safe for concurrent use, and keeps its secrets out of every error.
package notify
