// SPDX-License-Identifier: GPL-2.0
/*
 * segment/arrives.c against the whole grid: state x kind of segment x sequence
 * number x acknowledgment, in variants where the RFCs tell cases apart.
 *
 * The rows below were written from the text of RFC 9293 (3.10.7, 3.4, 3.5.2,
 * 3.5.3), RFC 5961, RFC 1337 and RFC 6191, not from the code. They read like
 * section 3.10.7: the first row that matches a cell counts, so a row may rely
 * on the steps before it. "decision:" marks where xtcp chose among what the
 * text allows or departs from it, "room:" where the text allows several things
 * and the grid accepts each. A cell without a row fails, a row without a cell
 * fails. Timestamps are off: options_test.c and arrives_test.c have them.
 */

#include <kunit/test.h>
#include <xtcp/tcb.h>

/* ---- The axes ---- */

enum kind {
	SYN, SYN_ACK, SYN_ACK_TEXT, SYN_FIN, SYN_RST,
	RST, RST_ACK,
	ACK, DATA, FIN, DATA_FIN,
	BARE_FIN, NOTHING,
	KINDS
};

enum { TEXT = 10 };

static const struct {
	const char *name;
	u8 ctl;
	u8 text_len;
} kinds[KINDS] = {
	[SYN]		= { "SYN", XTCP_SYN },
	[SYN_ACK]	= { "SYN-ACK", XTCP_SYN | XTCP_ACK },
	[SYN_ACK_TEXT]	= { "SYN-ACK with text", XTCP_SYN | XTCP_ACK, TEXT },
	[SYN_FIN]	= { "SYN-FIN", XTCP_SYN | XTCP_FIN },
	[SYN_RST]	= { "SYN-RST", XTCP_SYN | XTCP_RST },
	[RST]		= { "RST", XTCP_RST },
	[RST_ACK]	= { "RST-ACK", XTCP_RST | XTCP_ACK },
	[ACK]		= { "ACK", XTCP_ACK },
	[DATA]		= { "data", XTCP_ACK | XTCP_PSH, TEXT },
	[FIN]		= { "FIN", XTCP_FIN | XTCP_ACK },
	[DATA_FIN]	= { "data-FIN", XTCP_FIN | XTCP_ACK, TEXT },
	[BARE_FIN]	= { "FIN without ACK", XTCP_FIN },
	[NOTHING]	= { "no control bit", 0 },
};

/* Where the segment begins. OLD, BELOW, LEFT: before RCV.NXT. */
enum seq_place {
	OLD,		/* long before */
	BELOW,		/* it ends with the octet before RCV.NXT: a repetition */
	LEFT,		/* one octet before, and SEG.LEN > 1: its tail is new */
	AT,
	INSIDE,
	EDGE,		/* the last octet of the window */
	ABOVE,		/* the first octet beyond it */
	SEQ_PLACES
};

static const char * const seq_names[SEQ_PLACES] = {
	"old", "just below", "one below, tail new", "at", "inside", "right edge", "above",
};

enum ack_place {
	ABSENT,
	ANCIENT,	/* SND.UNA - MAX.SND.WND - 1 */
	OLDEST,		/* SND.UNA - MAX.SND.WND: RFC 5961 5.2 takes it still */
	PAST,		/* SND.UNA - 1 */
	UNA,
	BETWEEN,	/* SND.NXT - 1: all but our FIN, where one is out */
	NXT,
	FUTURE,		/* SND.NXT + 1 */
	ACK_PLACES
};

static const char * const ack_names[ACK_PLACES] = {
	"absent", "ancient", "oldest", "past", "una", "between", "nxt", "future",
};

/* Variants. Each state has those that make a difference there. */
enum variant {
	W_ZERO,		/* RCV.WND is 0 */
	W_TIGHT,	/* RCV.WND is 4: text does not fit whole */
	W_EXACT,	/* RCV.WND is 10: text fits, a FIN behind it does not */
	PASSIVE,	/* SYN_RCVD by way of LISTEN */
	SYN_TEXT,	/* our SYN carried text: an ACK may lie between */
	SYN_ACKED,	/* SYN_SENT: our SYN is acknowledged (four-way open) */
	IDLE,		/* nothing outstanding */
	FIN_UNSENT,	/* closed, but our FIN waits behind text */
	RST_KILLS,	/* TIME_WAIT: RST counts after all (rfc1337 = 0) */
	NEW_WND,	/* SEG.WND differs from SND.WND */
	VARIANTS
};

static const char * const variant_names[VARIANTS] = {
	"window zero", "window 4", "window 10", "passive", "text on SYN", "SYN acked", "idle",
	"FIN unsent", "RST kills", "new window",
};

#define V(v) BIT(v)
#define WINDOWS (V(W_ZERO) | V(W_TIGHT) | V(W_EXACT))

static const struct state {
	const char *name;
	u8 state;
	u16 variants;
} states[] = {
	{ "CLOSED", XTCP_CLOSED },
	{ "LISTEN", XTCP_LISTEN },
	{ "SYN_SENT", XTCP_SYN_SENT, V(SYN_TEXT) | V(SYN_ACKED) },
	{ "SYN_RCVD", XTCP_SYN_RCVD, WINDOWS | V(PASSIVE) | V(SYN_TEXT) },
	{ "ESTABLISHED", XTCP_ESTABLISHED, WINDOWS | V(IDLE) | V(NEW_WND) },
	{ "FIN_WAIT_1", XTCP_FIN_WAIT_1, WINDOWS | V(FIN_UNSENT) | V(NEW_WND) },
	{ "FIN_WAIT_2", XTCP_FIN_WAIT_2, WINDOWS | V(NEW_WND) },
	{ "CLOSE_WAIT", XTCP_CLOSE_WAIT, WINDOWS | V(IDLE) | V(NEW_WND) },
	{ "CLOSING", XTCP_CLOSING, WINDOWS | V(FIN_UNSENT) | V(NEW_WND) },
	{ "LAST_ACK", XTCP_LAST_ACK, WINDOWS | V(FIN_UNSENT) | V(NEW_WND) },
	{ "TIME_WAIT", XTCP_TIME_WAIT, WINDOWS | V(RST_KILLS) },
};

/* ---- What may come of it ---- */

enum dropped { DROPPED, TAKEN, EITHER };

enum una_moves {
	UNA_STAYS,
	UNA_BY_ACK,	/* to SEG.ACK, if that is new (fifth step) */
	UNA_ANY,
};

enum rcv_moves {
	RCV_STAYS,
	RCV_TEXT,	/* past the new text that fits */
	RCV_TEXT_FIN,	/* and past the FIN */
	RCV_SYN,	/* SEG.SEQ + 1 */
	RCV_SYN_FIN,	/* SEG.SEQ + 2 */
	RCV_SYN_TEXT,	/* SEG.SEQ + 1 and the text, or a part of it */
	RCV_ANY,
};

enum error {
	NO_ERROR,
	REFUSED,	/* ECONNREFUSED */
	RESET,		/* ECONNRESET */
	RESET_OR_PIPE,	/* tcp(7): EPIPE after the peer's FIN */
	ANY_ERROR,	/* no call is outstanding that could see it */
};

struct outcome {
	u16 state;	/* mask of states; 0: the same as before */
	u8 reply;	/* mask of enum xtcp_reply */
	u8 drop;	/* enum dropped */
	u8 una;		/* enum una_moves */
	u8 rcv;		/* enum rcv_moves */
	u8 error;	/* enum error */
	u16 must;	/* events, beside those that una and rcv imply */
	u16 may;
};

#define TO(s)		BIT(XTCP_##s)
#define R(r)		BIT(XTCP_REPLY_##r)
#define R_ACKS		(R(ACK) | R(CHALLENGE))	/* limited or not */
#define EV(e)		XTCP_EV_##e
#define EV_UNKNOWN	0xf800			/* events younger than this file */

/* Drops and their answers. */
static const struct outcome silence = { .reply = R(NONE) };
static const struct outcome ack_back = { .reply = R_ACKS };
static const struct outcome ack_for_sure = { .reply = R(ACK) };
static const struct outcome challenge = { .reply = R(CHALLENGE) };
static const struct outcome reset_back = { .reply = R(RST) };
static const struct outcome reset_back_and_syn = { .reply = R(RST), .may = EV_UNKNOWN };
static const struct outcome syn_ack_again = { .reply = R(SYN_ACK) };
static const struct outcome any_ack = { .reply = R_ACKS | R(SYN_ACK) };
static const struct outcome ack_or_reset = { .reply = R_ACKS | R(RST) };
static const struct outcome ack_or_silence = { .reply = R_ACKS | R(NONE) };
static const struct outcome remembered = {
	.reply = R(NONE), .una = UNA_ANY, .may = EV(ACKED) | EV_UNKNOWN,
};

static const struct outcome fin_again = {
	.reply = R(ACK), .drop = EITHER, .must = EV(TW_RESTART),
};

static const struct outcome fin_perhaps_again = {
	.reply = R_ACKS, .drop = EITHER, .may = EV(TW_RESTART),
};

/* The connection ends. */
static const struct outcome back_to_listen = {
	.state = TO(LISTEN) | TO(CLOSED), .reply = R(NONE), .drop = EITHER, .error = ANY_ERROR, .may = EV(RESET),
};

static const struct outcome refused = {
	.state = TO(CLOSED), .reply = R(NONE), .drop = EITHER, .error = REFUSED, .must = EV(RESET),
};

static const struct outcome reset = {
	.state = TO(CLOSED), .reply = R(NONE), .drop = EITHER, .error = RESET, .must = EV(RESET),
};

static const struct outcome reset_after_fin = {
	.state = TO(CLOSED), .reply = R(NONE), .drop = EITHER, .error = RESET_OR_PIPE, .must = EV(RESET),
};

static const struct outcome reset_unseen = {
	.state = TO(CLOSED), .reply = R(NONE), .drop = EITHER, .error = ANY_ERROR, .must = EV(RESET),
};

static const struct outcome all_done = {
	.state = TO(CLOSED), .reply = R(NONE), .drop = EITHER, .una = UNA_ANY, .may = EV(ACKED),
};

/* The connection begins. */
static const struct outcome new_request = {
	.state = TO(LISTEN) | TO(SYN_RCVD), .reply = R(NONE) | R(SYN_ACK), .drop = TAKEN,
	.una = UNA_ANY, .rcv = RCV_ANY, .must = EV(NEW_SYN),
};

static const struct outcome crossed = {
	.state = TO(SYN_RCVD), .reply = R(SYN_ACK), .drop = TAKEN, .rcv = RCV_SYN,
};

static const struct outcome connected = {
	.state = TO(ESTABLISHED), .reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .rcv = RCV_SYN,
	.must = EV(ESTABLISHED), .may = EV(ACKED),
};

static const struct outcome connected_fin = {
	.state = TO(CLOSE_WAIT), .reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .rcv = RCV_SYN_FIN,
	.must = EV(ESTABLISHED) | EV(FIN), .may = EV(ACKED),
};

static const struct outcome connected_text = {
	.state = TO(ESTABLISHED), .reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .rcv = RCV_SYN_TEXT,
	.must = EV(ESTABLISHED), .may = EV(ACKED) | EV(TEXT),
};

static const struct outcome accepted = {
	.state = TO(ESTABLISHED), .reply = R(NONE), .drop = TAKEN, .una = UNA_BY_ACK,
	.must = EV(ESTABLISHED), .may = EV(ACKED),
};

static const struct outcome accepted_and_told = {
	.state = TO(ESTABLISHED), .reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK,
	.must = EV(ESTABLISHED), .may = EV(ACKED),
};

static const struct outcome accepted_text = {
	.state = TO(ESTABLISHED), .reply = R(NONE) | R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .rcv = RCV_TEXT,
	.must = EV(ESTABLISHED), .may = EV(ACKED),
};

static const struct outcome accepted_crossed_text = {
	.state = TO(ESTABLISHED), .reply = R(NONE) | R(ACK), .drop = EITHER, .una = UNA_BY_ACK, .rcv = RCV_ANY,
	.must = EV(ESTABLISHED), .may = EV(ACKED) | EV(TEXT),
};

static const struct outcome accepted_fin = {
	.state = TO(CLOSE_WAIT), .reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .rcv = RCV_TEXT_FIN,
	.must = EV(ESTABLISHED), .may = EV(ACKED),
};

static const struct outcome accepted_ahead = {
	.state = TO(ESTABLISHED), .reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK,
	.must = EV(ESTABLISHED) | EV(OUT_OF_ORDER), .may = EV(ACKED),
};

static const struct outcome accepted_no_room = {
	.state = TO(ESTABLISHED), .reply = R(ACK), .drop = EITHER, .una = UNA_BY_ACK,
	.must = EV(ESTABLISHED), .may = EV(ACKED),
};

/* TIME_WAIT gives way. */
static const struct outcome reuse = {
	.state = ~0, .reply = R(NONE), .drop = TAKEN, .una = UNA_ANY, .rcv = RCV_ANY, .must = EV(TW_REUSE),
};

/* Acknowledgment, text and FIN of the synchronised states. */
static const struct outcome acked = {
	.reply = R(NONE), .drop = EITHER, .una = UNA_BY_ACK,
};

static const struct outcome text = {
	.reply = R(NONE) | R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .rcv = RCV_TEXT,
};

static const struct outcome ahead = {
	.reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .must = EV(OUT_OF_ORDER),
};

static const struct outcome no_room = {
	.reply = R(ACK), .drop = EITHER, .una = UNA_BY_ACK,
};

static const struct outcome ignored = {
	.reply = R_ACKS | R(NONE), .drop = EITHER, .una = UNA_BY_ACK,
};

static const struct outcome fin_ignored = {
	.reply = R(ACK), .drop = EITHER, .una = UNA_BY_ACK,
};

static const struct outcome time_wait_fin = {
	.reply = R_ACKS, .drop = EITHER, .may = EV(TW_RESTART),
};

static const struct outcome to_close_wait = {
	.state = TO(CLOSE_WAIT), .reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .rcv = RCV_TEXT_FIN,
};

static const struct outcome to_closing = {
	.state = TO(CLOSING), .reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .rcv = RCV_TEXT_FIN,
};

static const struct outcome fin_to_time_wait = {
	.state = TO(TIME_WAIT), .reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .rcv = RCV_TEXT_FIN,
	.may = EV(TW_RESTART),
};

static const struct outcome ack_to_time_wait = {
	.state = TO(TIME_WAIT), .reply = R(NONE), .drop = EITHER, .una = UNA_BY_ACK, .may = EV(TW_RESTART),
};

static const struct outcome ack_to_time_wait_ignored = {
	.state = TO(TIME_WAIT), .reply = R_ACKS | R(NONE), .drop = EITHER, .una = UNA_BY_ACK,
	.may = EV(TW_RESTART),
};

static const struct outcome to_fin_wait_2 = {
	.state = TO(FIN_WAIT_2), .reply = R(NONE), .drop = EITHER, .una = UNA_BY_ACK,
};

static const struct outcome to_fin_wait_2_text = {
	.state = TO(FIN_WAIT_2), .reply = R(NONE) | R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .rcv = RCV_TEXT,
};

static const struct outcome to_fin_wait_2_ahead = {
	.state = TO(FIN_WAIT_2), .reply = R(ACK), .drop = TAKEN, .una = UNA_BY_ACK, .must = EV(OUT_OF_ORDER),
};

static const struct outcome to_fin_wait_2_no_room = {
	.state = TO(FIN_WAIT_2), .reply = R(ACK), .drop = EITHER, .una = UNA_BY_ACK,
};

/* ---- The table ---- */

struct rule {
	u16 states;
	u16 kinds;
	u8 seqs;
	u8 acks;
	u16 with;		/* variants that must be */
	u16 without;		/* and must not be */
	const struct outcome *then;
	const char *from;
};

#define K(k)		BIT(k)
#define S(s)		BIT(s)
#define A(a)		BIT(a)
#define ANY		0xff
#define ANY_KIND	0xffff

#define SYNS		(K(SYN) | K(SYN_ACK) | K(SYN_ACK_TEXT) | K(SYN_FIN))
#define RSTS		(K(RST) | K(RST_ACK) | K(SYN_RST))
#define SYN_ACKS	(K(SYN_ACK) | K(SYN_ACK_TEXT))
#define LONG		(K(DATA) | K(FIN) | K(DATA_FIN))	/* SEG.LEN > 0, with ACK */
#define TEXTS		(K(DATA) | K(DATA_FIN))
#define WITH_ACK	(K(ACK) | LONG)
#define NO_ACK		(K(BARE_FIN) | K(NOTHING))

#define OUTSIDE		(S(OLD) | S(BELOW) | S(ABOVE))
#define IN_ORDER	(S(LEFT) | S(AT))
#define AHEAD		(S(INSIDE) | S(EDGE))
#define IN_WINDOW	(IN_ORDER | AHEAD)

#define GOOD		(A(BETWEEN) | A(NXT))		/* SND.UNA < SEG.ACK =< SND.NXT */
#define BAD		(ANY & ~GOOD)
#define UNSEEN		(A(ANCIENT) | A(FUTURE))	/* outside of RFC 5961 5.2 */

#define FIN_WAIT_STATES	(TO(FIN_WAIT_1) | TO(FIN_WAIT_2))
#define AFTER_FIN	(TO(CLOSE_WAIT) | TO(CLOSING) | TO(LAST_ACK))
#define SYNCHRONISED	(TO(ESTABLISHED) | FIN_WAIT_STATES | AFTER_FIN | TO(TIME_WAIT))
#define OTHER		(TO(SYN_RCVD) | SYNCHRONISED)

static const struct rule rules[] = {
	/* 3.10.7.1 CLOSED */
	{ TO(CLOSED), RSTS, ANY, ANY, 0, 0, &silence, "9293 3.10.7.1" },
	{ TO(CLOSED), ANY_KIND, ANY, ANY, 0, 0, &reset_back, "9293 3.10.7.1, 3.5.2 group 1" },

	/* 3.10.7.2 LISTEN */
	{ TO(LISTEN), RSTS, ANY, ANY, 0, 0, &silence, "9293 3.10.7.2 first" },
	{ TO(LISTEN), SYN_ACKS | WITH_ACK, ANY, ANY, 0, 0, &reset_back, "9293 3.10.7.2 second" },
	{ TO(LISTEN), K(SYN_FIN), ANY, ANY, 0, 0, &silence,
	  "decision: SYN-FIN is no request; 9293 3.10.7.2 third would take the SYN" },
	{ TO(LISTEN), K(SYN), ANY, ANY, 0, 0, &new_request,
	  "9293 3.10.7.2 third; decision: a request, the listener stays" },
	{ TO(LISTEN), NO_ACK, ANY, ANY, 0, 0, &silence, "9293 3.10.7.2 fourth" },

	/* 3.10.7.3 SYN_SENT. RCV.NXT means nothing yet: any sequence number. */
	{ TO(SYN_SENT), K(RST_ACK), ANY, A(UNA), V(SYN_ACKED), 0, &refused,
	  "5961 3.2: the ACK acknowledges the SYN; 9293 3.10.7.3 second" },
	{ TO(SYN_SENT), SYN_ACKS, ANY, A(UNA), V(SYN_ACKED), 0, &connected_text,
	  "9293 3.10.7.3 fourth: not =< ISS, not > SND.NXT, and SND.UNA > ISS" },
	{ TO(SYN_SENT), WITH_ACK, ANY, A(UNA), V(SYN_ACKED), 0, &silence, "9293 3.10.7.3 fifth" },
	{ TO(SYN_SENT), K(RST_ACK), ANY, BAD, 0, 0, &silence, "9293 3.10.7.3 first, 5961 3.2" },
	{ TO(SYN_SENT), SYN_ACKS, ANY, BAD, 0, 0, &reset_back, "9293 3.10.7.3 first, 3.5.2 group 2" },
	{ TO(SYN_SENT), WITH_ACK, ANY, BAD, 0, 0, &reset_back_and_syn,
	  "9293 3.10.7.3 first, 3.5.2 group 2; decision: an event may ask for the SYN again" },
	{ TO(SYN_SENT), K(RST_ACK), ANY, GOOD, 0, 0, &refused, "9293 3.10.7.3 second, 5961 3.2" },
	{ TO(SYN_SENT), K(RST) | K(SYN_RST), ANY, ANY, 0, 0, &silence, "9293 3.10.7.3 second, 5961 3.2" },
	{ TO(SYN_SENT), K(SYN_ACK), ANY, GOOD, 0, 0, &connected, "9293 3.10.7.3 fourth" },
	{ TO(SYN_SENT), K(SYN_ACK_TEXT), ANY, GOOD, 0, 0, &connected_text,
	  "9293 3.10.7.3 fourth; room: text on a SYN may be left to a retransmission" },
	{ TO(SYN_SENT), K(SYN), ANY, ANY, V(SYN_ACKED), 0, &connected, "9293 3.10.7.3 fourth: SND.UNA > ISS" },
	{ TO(SYN_SENT), K(SYN_FIN), ANY, ANY, V(SYN_ACKED), 0, &connected_fin,
	  "9293 3.10.7.3 fourth: SND.UNA > ISS, other controls go on at the sixth step" },
	{ TO(SYN_SENT), K(SYN) | K(SYN_FIN), ANY, ANY, 0, 0, &crossed,
	  "9293 3.10.7.3 fourth, 3.5 simultaneous open; room: the FIN may be left to a retransmission" },
	{ TO(SYN_SENT), WITH_ACK, ANY, GOOD, 0, 0, &remembered,
	  "9293 3.10.7.3 fifth; decision: SND.UNA may remember it for the fourth step" },
	{ TO(SYN_SENT), NO_ACK, ANY, ANY, 0, 0, &silence, "9293 3.10.7.3 fifth" },

	/* SYN_RCVD and the SYN it came from: one octet before RCV.NXT. */
	{ TO(SYN_RCVD), K(SYN), S(BELOW), ANY, 0, 0, &syn_ack_again,
	  "decision: our SYN-ACK was lost; 9293 3.10.7.4 first would ACK" },
	{ TO(SYN_RCVD), K(SYN_ACK), S(BELOW), GOOD, V(PASSIVE), 0, &accepted_and_told,
	  "decision: figure 8 for a listener that sent its SYN apart; 3.10.7.4 first would ACK" },
	{ TO(SYN_RCVD), K(SYN_ACK), S(BELOW), GOOD, 0, 0, &accepted,
	  "decision: 9293 3.5 figure 8; 3.10.7.4 first would ACK" },
	{ TO(SYN_RCVD), K(SYN_ACK_TEXT), S(LEFT), GOOD, 0, 0, &accepted_crossed_text,
	  "decision: as figure 8; room: text on a SYN may be left to a retransmission" },
	{ TO(SYN_RCVD), K(SYN_ACK), S(BELOW), BAD, 0, V(PASSIVE), &ack_or_reset,
	  "room: 9293 3.10.7.4 first (ACK) or 3.5.2 group 2 (RST)" },
	{ TO(SYN_RCVD), K(SYN_ACK_TEXT), S(LEFT), BAD, 0, V(PASSIVE), &ack_or_reset,
	  "room: 9293 3.10.7.4 fourth (ACK) or 3.5.2 group 2 (RST)" },
	{ TO(SYN_RCVD), K(SYN_FIN), S(LEFT), ANY, 0, 0, &any_ack,
	  "room: a SYN in the window, or the SYN again" },

	/* TIME_WAIT: what RFC 6191 and RFC 1337 put before the steps. */
	{ TO(TIME_WAIT), K(SYN), IN_WINDOW | S(ABOVE), ANY, 0, 0, &reuse,
	  "6191 2: larger than the last sequence number seen; 9293 3.6.1 MAY-2" },
	{ TO(TIME_WAIT), K(SYN), S(OLD) | S(BELOW), ANY, 0, 0, &ack_or_silence,
	  "room: 6191 2 drops silently, 9293 3.10.7.4 first ACKs, 5961 4.2 challenges" },
	{ TO(TIME_WAIT), RSTS, ANY, ANY, 0, V(RST_KILLS), &silence, "1337 3 F1; decision: the default" },
	{ TO(TIME_WAIT), K(FIN) | K(DATA_FIN), S(BELOW), ANY & ~UNSEEN, 0, 0, &fin_again,
	  "9293 3.10.7.4 fifth, TIME-WAIT: the retransmitted FIN, before the first step can drop it" },
	{ TO(TIME_WAIT), K(FIN) | K(DATA_FIN) | K(BARE_FIN), S(BELOW), ANY, 0, 0, &fin_perhaps_again,
	  "9293 3.10.7.4 first; room: or the fifth" },

	/* RFC 5961 4.2 puts SYN before the sequence number. */
	{ SYNCHRONISED, SYNS, ANY, ANY, 0, 0, &challenge, "5961 4.2, irrespective of the sequence number" },

	/* First: the sequence number. */
	{ OTHER, RSTS, OUTSIDE, ANY, 0, 0, &silence, "9293 3.10.7.4 first, second 1), 5961 3.2" },
	{ OTHER, TEXTS, S(OLD) | S(BELOW), ANY, 0, 0, &ack_for_sure,
	  "9293 3.10.7.4 first: our ACK was lost" },
	{ AFTER_FIN, K(FIN), S(BELOW), ANY, 0, 0, &ack_for_sure, "9293 3.10.7.4 first: our ACK was lost" },
	{ OTHER, ANY_KIND, OUTSIDE, ANY, 0, 0, &ack_back, "9293 3.10.7.4 first" },

	/* Its table takes nothing that begins before the window and ends beyond it. */
	{ OTHER, K(DATA) | K(DATA_FIN) | K(SYN_ACK_TEXT), S(LEFT), ANY, V(W_TIGHT), 0, &ack_back,
	  "9293 3.10.7.4 first" },

	/* First, window zero: nothing with length is acceptable, but the ACK of what is next. */
	{ OTHER, TEXTS, S(LEFT), ANY, V(W_ZERO), 0, &ack_for_sure, "9293 3.10.7.4 first" },
	{ OTHER, K(BARE_FIN), S(AT), ANY, V(W_ZERO), 0, &ack_or_silence,
	  "room: 9293 3.10.7.4 first (ACK), fifth (dropped)" },
	{ TO(SYN_RCVD), SYNS, IN_ORDER, ANY, V(W_ZERO), 0, &ack_back, "9293 3.10.7.4 first" },
	{ TO(SYN_RCVD), TEXTS, S(AT), GOOD, V(W_ZERO), 0, &accepted_no_room,
	  "9293 3.10.7.4 first: valid ACKs are accepted" },
	{ TO(SYN_RCVD), TEXTS, S(AT), BAD, V(W_ZERO), 0, &ack_or_reset,
	  "room: 9293 3.10.7.4 first (ACK) or 3.5.2 group 2 (RST)" },
	{ TO(TIME_WAIT), K(FIN) | K(DATA_FIN), S(AT), ANY, V(W_ZERO), 0, &time_wait_fin,
	  "9293 3.10.7.4 first; room: or the eighth" },
	{ SYNCHRONISED, TEXTS, S(AT), UNSEEN, V(W_ZERO), 0, &ack_back, "9293 3.10.7.4 first" },
	{ TO(FIN_WAIT_1), TEXTS, S(AT), A(NXT), V(W_ZERO), V(FIN_UNSENT), &to_fin_wait_2_no_room,
	  "9293 3.10.7.4 first: valid ACKs are accepted" },
	{ TO(CLOSING), TEXTS, S(AT), A(NXT), V(W_ZERO), V(FIN_UNSENT), &ack_to_time_wait_ignored,
	  "9293 3.10.7.4 first: valid ACKs are accepted" },
	{ TO(LAST_ACK), TEXTS, S(AT), A(NXT), V(W_ZERO), V(FIN_UNSENT), &all_done,
	  "9293 3.10.7.4 first: valid ACKs are accepted" },
	{ SYNCHRONISED, TEXTS, S(AT), ANY, V(W_ZERO), 0, &no_room,
	  "9293 3.10.7.4 first: valid ACKs are accepted, 3.8.6.1: an ACK still" },
	/* decision: a FIN without text needs no room and goes on; 3.10.7.4 first would drop it. */

	/* Second: RST. */
	{ TO(SYN_RCVD), RSTS, S(AT), ANY, V(PASSIVE), 0, &back_to_listen,
	  "9293 3.10.7.4 second 2); decision: the request ends, its listener has never left LISTEN" },
	{ TO(SYN_RCVD), RSTS, S(AT), ANY, 0, 0, &refused, "9293 3.10.7.4 second 2), MUST-66" },
	{ TO(ESTABLISHED) | FIN_WAIT_STATES, RSTS, S(AT), ANY, 0, 0, &reset,
	  "9293 3.10.7.4 second 2), MUST-66, 5961 3.2" },
	{ TO(CLOSE_WAIT), RSTS, S(AT), ANY, 0, 0, &reset_after_fin,
	  "9293 3.10.7.4 second 2), MUST-66, 5961 3.2" },
	{ OTHER, RSTS, S(AT), ANY, 0, 0, &reset_unseen, "9293 3.10.7.4 second 2), MUST-66, 5961 3.2" },
	{ OTHER, RSTS, IN_WINDOW, ANY, 0, 0, &challenge, "9293 3.10.7.4 second 3), 5961 3.2" },

	/* Fourth: SYN. */
	{ TO(SYN_RCVD), SYNS, IN_WINDOW, ANY, V(PASSIVE), 0, &challenge,
	  "decision: 5961 4.2 here too; 9293 3.10.7.4 fourth would return to LISTEN" },
	{ TO(SYN_RCVD), SYNS, IN_WINDOW, ANY, 0, 0, &challenge, "9293 3.10.7.4 fourth, 5961 4.2" },

	/* Fifth: ACK. */
	{ OTHER, NO_ACK, IN_WINDOW, ANY, 0, 0, &silence, "9293 3.10.7.4 fifth: the ACK bit is off" },
	{ TO(SYN_RCVD), WITH_ACK, IN_WINDOW, BAD, 0, 0, &reset_back,
	  "9293 3.10.7.4 fifth, SYN-RECEIVED, 3.5.2 group 2" },
	{ SYNCHRONISED, WITH_ACK, IN_WINDOW, UNSEEN, 0, 0, &ack_back,
	  "9293 3.10.7.4 fifth, 3.5.2 group 3, 5961 5.2" },

	/* SYN_RCVD from here on is ESTABLISHED. */
	{ TO(SYN_RCVD), K(ACK), IN_WINDOW, GOOD, 0, 0, &accepted, "9293 3.10.7.4 fifth, SYN-RECEIVED" },
	{ TO(SYN_RCVD), K(DATA), IN_ORDER, GOOD, 0, 0, &accepted_text, "9293 3.10.7.4 fifth, seventh" },
	{ TO(SYN_RCVD), K(FIN) | K(DATA_FIN), IN_ORDER, GOOD, 0, 0, &accepted_fin,
	  "9293 3.10.7.4 fifth, seventh, eighth" },
	{ TO(SYN_RCVD), LONG, AHEAD, GOOD, 0, 0, &accepted_ahead, "9293 3.10.7.4 fifth, SHLD-31" },

	/* States in which the ACK of our FIN counts. */
	{ TO(FIN_WAIT_1), K(ACK), IN_WINDOW, A(NXT), 0, V(FIN_UNSENT), &to_fin_wait_2,
	  "9293 3.10.7.4 fifth, FIN-WAIT-1" },
	{ TO(FIN_WAIT_1), K(DATA), IN_ORDER, A(NXT), 0, V(FIN_UNSENT), &to_fin_wait_2_text,
	  "9293 3.10.7.4 fifth, FIN-WAIT-1, seventh" },
	{ TO(FIN_WAIT_1), K(FIN) | K(DATA_FIN), IN_ORDER, A(NXT), 0, V(FIN_UNSENT), &fin_to_time_wait,
	  "9293 3.10.7.4 fifth, eighth, FIN-WAIT-1: perhaps in this segment" },
	{ TO(FIN_WAIT_1), LONG, AHEAD, A(NXT), 0, V(FIN_UNSENT), &to_fin_wait_2_ahead,
	  "9293 3.10.7.4 fifth, FIN-WAIT-1, SHLD-31" },
	{ TO(CLOSING), K(ACK), IN_WINDOW, A(NXT), 0, V(FIN_UNSENT), &ack_to_time_wait,
	  "9293 3.10.7.4 fifth, CLOSING" },
	{ TO(CLOSING), LONG, IN_WINDOW, A(NXT), 0, V(FIN_UNSENT), &ack_to_time_wait_ignored,
	  "9293 3.10.7.4 fifth, CLOSING; room: an answer to text after a FIN" },
	{ TO(LAST_ACK), WITH_ACK, IN_WINDOW, A(NXT), 0, V(FIN_UNSENT), &all_done,
	  "9293 3.10.7.4 fifth, LAST-ACK" },

	/* All others do as ESTABLISHED does. */
	{ SYNCHRONISED, K(ACK), IN_WINDOW, ANY, 0, 0, &acked, "9293 3.10.7.4 fifth, ESTABLISHED" },

	/* Seventh: text; what follows the peer's FIN is none. */
	{ TO(ESTABLISHED) | FIN_WAIT_STATES, K(DATA), IN_ORDER, ANY, 0, 0, &text, "9293 3.10.7.4 seventh" },
	{ TO(ESTABLISHED) | FIN_WAIT_STATES, LONG, AHEAD, ANY, 0, 0, &ahead,
	  "9293 3.10.7.4 SHLD-31; 5681 4.2: an ACK at once" },
	{ AFTER_FIN | TO(TIME_WAIT), K(DATA), IN_WINDOW, ANY, 0, 0, &ignored,
	  "9293 3.10.7.4 seventh: ignore the text; room: the answer" },

	/* Eighth: FIN. */
	{ TO(ESTABLISHED), LONG, IN_ORDER, ANY, 0, 0, &to_close_wait, "9293 3.10.7.4 eighth" },
	{ TO(FIN_WAIT_1), LONG, IN_ORDER, ANY, 0, 0, &to_closing, "9293 3.10.7.4 eighth, FIN-WAIT-1" },
	{ TO(FIN_WAIT_2), LONG, IN_ORDER, ANY, 0, 0, &fin_to_time_wait, "9293 3.10.7.4 eighth, FIN-WAIT-2" },
	{ TO(TIME_WAIT), LONG, IN_WINDOW, ANY, 0, 0, &time_wait_fin,
	  "9293 3.10.7.4 eighth, TIME-WAIT; room: not the FIN that was sent" },
	{ TO(CLOSING), LONG, IN_ORDER, ANY, 0, 0, &ignored,
	  "room: 9293 3.10.7.4 fifth, CLOSING (ignore) or eighth (ACK); RCV.NXT is past the FIN" },
	{ AFTER_FIN, LONG, IN_ORDER, ANY, 0, 0, &fin_ignored,
	  "9293 3.10.7.4 eighth: remain; room: RCV.NXT is past the FIN already" },
	{ AFTER_FIN, LONG, AHEAD, ANY, 0, 0, &ignored, "room: no text and no FIN can follow the FIN" },
};

/* ---- A cell ---- */

enum {
	WINDOW		= 5000,
	WINDOW_TIGHT	= 4,
	OUTSTANDING	= 3000,
	PEER_WINDOW	= 4000,
	PEER_WINDOW_NEW	= 5555,
	LONG_AGO	= 100000,
};

struct cell {
	const struct state *state;
	u16 variant;
	u8 kind;
	u8 seq;
	u8 ack;
	u32 base;		/* where both sequence spaces are */
};

/* Nowhere special, across 2^32, across 2^31. */
static const u32 bases[] = { 1000000, -2, 0x80000000u - 2 };

static bool varied(const struct cell *c, enum variant v)
{
	return c->variant & BIT(v);
}

static u32 segment_len(const struct cell *c)
{
	u8 ctl = kinds[c->kind].ctl;

	return kinds[c->kind].text_len + !!(ctl & XTCP_SYN) + !!(ctl & XTCP_FIN);
}

static u32 rcv_wnd(const struct cell *c)
{
	if (varied(c, W_ZERO))
		return 0;
	if (varied(c, W_TIGHT))
		return WINDOW_TIGHT;
	return varied(c, W_EXACT) ? TEXT : WINDOW;
}

static u32 outstanding(const struct cell *c)
{
	switch (c->state->state) {
	case XTCP_SYN_SENT:
	case XTCP_SYN_RCVD:
		if (varied(c, SYN_ACKED))
			return 0;
		return varied(c, SYN_TEXT) ? 1 + TEXT : 1;
	case XTCP_FIN_WAIT_2:
	case XTCP_TIME_WAIT:
		return 0;
	}
	return varied(c, IDLE) ? 0 : OUTSTANDING;
}

static bool seq_exists(const struct cell *c)
{
	switch (c->seq) {
	case LEFT:
		return segment_len(c) > 1;
	case INSIDE:
	case EDGE:
		return rcv_wnd(c) > 0;
	}
	return true;
}

static bool ack_exists(const struct cell *c)
{
	if (!(kinds[c->kind].ctl & XTCP_ACK))
		return c->ack == ABSENT;
	switch (c->ack) {
	case ABSENT:
		return false;
	case BETWEEN:
		return outstanding(c) > 1;
	case NXT:
		return outstanding(c) > 0;
	}
	return true;
}

static bool variant_exists(const struct cell *c)
{
	if (c->variant & ~c->state->variants)
		return false;
	return hweight16(c->variant & WINDOWS) <= 1 &&
	       (c->variant & (V(SYN_TEXT) | V(SYN_ACKED))) != (V(SYN_TEXT) | V(SYN_ACKED));
}

static u32 rcv_nxt(const struct cell *c)
{
	return c->base;
}

static u32 snd_una(const struct cell *c)
{
	return c->base + 77777 * (c->base == bases[0]);
}

static u32 segment_seq(const struct cell *c)
{
	/* What does not may stand at the very edge: Linux, FreeBSD. */
	bool takes_room = segment_len(c) > 0;

	switch (c->seq) {
	case OLD:
		return rcv_nxt(c) - LONG_AGO;
	case BELOW:
		return rcv_nxt(c) - max(segment_len(c), 1u);
	case LEFT:
		return rcv_nxt(c) - 1;
	case INSIDE:
		return rcv_nxt(c) + 1;
	case EDGE:
		return rcv_nxt(c) + rcv_wnd(c) - takes_room;
	case ABOVE:
		return rcv_nxt(c) + max(rcv_wnd(c) + !takes_room, 1u);
	}
	return rcv_nxt(c);
}

static u32 segment_ack(const struct cell *c)
{
	u32 una = snd_una(c);

	switch (c->ack) {
	case ABSENT:
		return 0;
	case ANCIENT:
		return una - PEER_WINDOW - 1;
	case OLDEST:
		return una - PEER_WINDOW;
	case PAST:
		return una - 1;
	case BETWEEN:
		return una + outstanding(c) - 1;
	case NXT:
		return una + outstanding(c);
	case FUTURE:
		return una + outstanding(c) + 1;
	}
	return una;
}

static bool fin_is_sent(const struct cell *c)
{
	switch (c->state->state) {
	case XTCP_FIN_WAIT_1:
	case XTCP_CLOSING:
	case XTCP_LAST_ACK:
		return !varied(c, FIN_UNSENT);
	case XTCP_FIN_WAIT_2:
	case XTCP_TIME_WAIT:
		return true;
	}
	return false;
}

static bool opening(const struct cell *c)
{
	return c->state->state == XTCP_SYN_SENT || c->state->state == XTCP_SYN_RCVD;
}

static struct xtcp_tcb make_tcb(const struct cell *c)
{
	u32 una = snd_una(c);

	return (struct xtcp_tcb){
		.state		= c->state->state,
		.passive	= varied(c, PASSIVE),
		.fin_sent	= fin_is_sent(c),
		.rst_ignored	= c->state->state == XTCP_TIME_WAIT && !varied(c, RST_KILLS),
		.snd_mss	= 1460,
		.iss		= opening(c) ? una - varied(c, SYN_ACKED) : una - 50000,
		.snd_una	= una,
		.snd_nxt	= una + outstanding(c),
		.snd_wnd	= PEER_WINDOW,
		.snd_wl1	= rcv_nxt(c),
		.snd_wl2	= una,
		.snd_wnd_max	= PEER_WINDOW,
		.irs		= rcv_nxt(c) - (opening(c) ? 1 : 60000),
		.rcv_nxt	= rcv_nxt(c),
		/* Until the SYN an offset: the window alone. */
		.rcv_adv	= rcv_wnd(c) + (c->state->state == XTCP_SYN_SENT ? 0 : rcv_nxt(c)),
		.last_ack_sent	= rcv_nxt(c) - 7,	/* an ACK is owed */
	};
}

static u16 segment_wnd(const struct cell *c)
{
	return opening(c) || varied(c, NEW_WND) ? PEER_WINDOW_NEW : PEER_WINDOW;
}

static struct xtcp_segment make_segment(const struct cell *c)
{
	return (struct xtcp_segment){
		.seq		= segment_seq(c),
		.ack		= segment_ack(c),
		.text_len	= kinds[c->kind].text_len,
		.wnd		= segment_wnd(c),
		.ctl		= kinds[c->kind].ctl,
	};
}

/* First octet of text that is new, and how much of it fits the window. */
static u32 text_begin(const struct cell *c)
{
	u32 begin = segment_seq(c) + !!(kinds[c->kind].ctl & XTCP_SYN);

	return xtcp_seq_lt(begin, rcv_nxt(c)) ? rcv_nxt(c) : begin;
}

static u32 text_end(const struct cell *c)
{
	u32 end = segment_seq(c) + !!(kinds[c->kind].ctl & XTCP_SYN) + kinds[c->kind].text_len;
	u32 adv = rcv_nxt(c) + rcv_wnd(c);

	return xtcp_seq_gt(end, adv) ? adv : end;
}

/*
 * decision: a FIN needs no room and may stand behind the last octet of the window.
 * 3.10.7.4, first, would trim it.
 */
static bool fin_fits(const struct cell *c)
{
	u32 fin = segment_seq(c) + kinds[c->kind].text_len;

	return (kinds[c->kind].ctl & XTCP_FIN) && xtcp_seq_leq(fin, rcv_nxt(c) + rcv_wnd(c));
}

/* 3.10.7.4, first: the steps see the idealized segment, a FIN beyond the window is no more. */
static u8 idealized_kind(const struct cell *c)
{
	if (c->kind == DATA_FIN && !varied(c, W_ZERO) && (BIT(c->seq) & IN_WINDOW) && !fin_fits(c))
		return DATA;
	return c->kind;
}

static const struct rule *find_rule(const struct cell *c)
{
	u8 kind = idealized_kind(c);
	const struct rule *r;

	for (r = rules; r < rules + ARRAY_SIZE(rules); r++) {
		if ((r->states & BIT(c->state->state)) && (r->kinds & BIT(kind)) &&
		    (r->seqs & BIT(c->seq)) && (r->acks & BIT(c->ack)) &&
		    !(r->with & ~c->variant) && !(r->without & c->variant))
			return r;
	}
	return NULL;
}

/* ---- The judgment ---- */

struct trial {
	struct cell cell;
	const struct rule *rule;
	struct xtcp_tcb before;
	struct xtcp_tcb after;
	struct xtcp_verdict v;
	char wrong[128];	/* empty: nothing is */
};

static const char *state_name(unsigned int state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (states[i].state == state)
			return states[i].name;
	}
	return "no state";
}

static const char *reply_name(unsigned int reply)
{
	static const char * const names[] = { "no answer", "ACK", "challenge ACK", "SYN-ACK", "RST" };

	return reply < ARRAY_SIZE(names) ? names[reply] : "?";
}

/* The names of a mask's bits, "A or B". */
static void name_mask(char *p, size_t size, unsigned long mask, const char *(*name)(unsigned int bit))
{
	size_t len = 0;
	unsigned int bit;

	*p = 0;
	for_each_set_bit(bit, &mask, BITS_PER_LONG)
		len += scnprintf(p + len, size - len, "%s%s", len ? " or " : "", name(bit));
}

#define WRONG(t, fmt, ...)						\
	(snprintf((t)->wrong, sizeof((t)->wrong), fmt, ##__VA_ARGS__), false)

static bool state_is_right(struct trial *t)
{
	unsigned long want = t->rule->then->state ?: BIT(t->before.state);
	char names[64];

	if (want & BIT(t->v.state))
		return true;
	name_mask(names, sizeof(names), want, state_name);
	return WRONG(t, "expected %s, saw %s", names, state_name(t->v.state));
}

static bool reply_is_right(struct trial *t)
{
	char names[64];

	if (t->rule->then->reply & BIT(t->v.reply))
		return true;
	name_mask(names, sizeof(names), t->rule->then->reply, reply_name);
	return WRONG(t, "expected %s, saw %s", names, reply_name(t->v.reply));
}

static bool drop_is_right(struct trial *t)
{
	u8 dropped = t->v.drop ? DROPPED : TAKEN;

	if (t->rule->then->drop == EITHER || t->rule->then->drop == dropped)
		return true;
	return WRONG(t, "expected it %s, saw drop reason %u", t->v.drop ? "taken" : "dropped", t->v.drop);
}

static bool error_is_right(struct trial *t)
{
	int saw = t->v.error;
	bool right = true;

	switch (t->rule->then->error) {
	case NO_ERROR:
		right = !saw;
		break;
	case REFUSED:
		right = saw == ECONNREFUSED;
		break;
	case RESET:
		right = saw == ECONNRESET;
		break;
	case RESET_OR_PIPE:
		right = saw == ECONNRESET || saw == EPIPE;
		break;
	}
	return right || WRONG(t, "expected another error, saw %d", saw);
}

static bool ack_is_new(const struct cell *c)
{
	return BIT(c->ack) & GOOD;
}

static bool una_is_right(struct trial *t)
{
	const struct cell *c = &t->cell;
	u32 want = t->before.snd_una;

	if (t->rule->then->una == UNA_ANY)
		return true;
	if (t->rule->then->una == UNA_BY_ACK && ack_is_new(c))
		want = segment_ack(c);
	if (t->after.snd_una != want)
		return WRONG(t, "expected SND.UNA +%d, saw +%d", want - t->before.snd_una,
			     t->after.snd_una - t->before.snd_una);
	if ((t->v.events & XTCP_EV_ACKED) && t->v.acked != want - t->before.snd_una)
		return WRONG(t, "expected acked %d, saw %u", want - t->before.snd_una, t->v.acked);
	return true;
}

static bool rcv_is_right(struct trial *t)
{
	const struct cell *c = &t->cell;
	u32 saw = t->after.rcv_nxt;
	u32 want = t->before.rcv_nxt;

	switch (t->rule->then->rcv) {
	case RCV_TEXT:
		want = text_end(c);
		break;
	case RCV_TEXT_FIN:
		want = text_end(c) + 1;
		break;
	case RCV_SYN_TEXT:
		if (saw - segment_seq(c) - 1 <= kinds[c->kind].text_len)
			return true;
		fallthrough;
	case RCV_SYN:
		want = segment_seq(c) + 1;
		break;
	case RCV_SYN_FIN:
		want = segment_seq(c) + 2;
		break;
	case RCV_ANY:
		return true;
	}
	return saw == want || WRONG(t, "expected RCV.NXT +%d, saw +%d", want - t->before.rcv_nxt,
				    saw - t->before.rcv_nxt);
}

/* RFC 5681 section 2: nothing but an ACK, of SND.UNA, with text outstanding and the same window. */
static bool is_duplicate_ack(const struct cell *c)
{
	return c->kind == ACK && c->ack == UNA && outstanding(c) && !varied(c, NEW_WND);
}

static u16 events_implied(const struct trial *t)
{
	const struct outcome *then = t->rule->then;
	const struct cell *c = &t->cell;
	u16 must = then->must;

	if (then->una == UNA_BY_ACK && !opening(c)) {
		must |= ack_is_new(c) ? EV(ACKED) : 0;
		must |= is_duplicate_ack(c) ? EV(DUPACK) : 0;
	}
	if (then->rcv == RCV_TEXT || (then->rcv == RCV_TEXT_FIN && kinds[c->kind].text_len))
		must |= EV(TEXT);
	if (then->rcv == RCV_TEXT_FIN)
		must |= EV(FIN);
	return must;
}

static bool events_are_right(struct trial *t)
{
	u16 must = events_implied(t);
	u16 may = must | t->rule->then->may | EV(WINDOW);

	if ((t->v.events & must) == must && !(t->v.events & ~may))
		return true;
	return WRONG(t, "expected events %#x (perhaps %#x), saw %#x", must, may & ~must, t->v.events);
}

static bool text_is_right(struct trial *t)
{
	const struct cell *c = &t->cell;
	u32 begin = text_begin(c);
	u32 len = text_end(c) - begin;

	if (!(t->v.events & (EV(TEXT) | EV(OUT_OF_ORDER))) || t->rule->then->rcv >= RCV_SYN)
		return true;
	if (t->v.text_seq != begin || t->v.text_len != len)
		return WRONG(t, "expected text +%d, %u octets, saw +%d, %u", begin - t->before.rcv_nxt, len,
			     t->v.text_seq - t->before.rcv_nxt, t->v.text_len);
	if ((t->v.events & EV(OUT_OF_ORDER)) && t->v.text_fin != fin_fits(c))
		return WRONG(t, "expected %s after text ahead", t->v.text_fin ? "no FIN" : "the FIN");
	return true;
}

/* Fifth step: SND.WND if SND.UNA =< SEG.ACK =< SND.NXT and the segment is not older than the last. */
static u32 window_wanted(const struct trial *t)
{
	const struct cell *c = &t->cell;
	u32 seq = segment_seq(c);

	if (t->v.events & EV(ESTABLISHED))
		return PEER_WINDOW_NEW;
	if (!(BIT(c->ack) & (A(UNA) | GOOD)))
		return t->before.snd_wnd;
	/* It counts from SND.UNA: where that moves, it is told anew. */
	if (!(BIT(c->ack) & GOOD) && xtcp_seq_lt(seq, t->before.snd_wl1))
		return t->before.snd_wnd;
	return segment_wnd(c);
}

static bool window_is_right(struct trial *t)
{
	u32 want;

	if (t->rule->then->una != UNA_BY_ACK)
		return true;
	want = window_wanted(t);
	if (t->after.snd_wnd != want)
		return WRONG(t, "expected SND.WND %u, saw %u", want, t->after.snd_wnd);
	if (t->after.snd_wnd_max != max_t(u32, want, PEER_WINDOW))
		return WRONG(t, "MAX.SND.WND is %u", t->after.snd_wnd_max);
	return true;
}

/* What was dropped without a change of state has changed nothing at all. */
static bool drop_is_clean(struct trial *t)
{
	const struct outcome *then = t->rule->then;

	if (then->drop != DROPPED || then->una == UNA_ANY || !memcmp(&t->before, &t->after, sizeof(t->before)))
		return true;
	return WRONG(t, "expected the TCB untouched by what is dropped");
}

static bool is_right(struct trial *t)
{
	return state_is_right(t) && reply_is_right(t) && drop_is_right(t) && error_is_right(t) &&
	       una_is_right(t) && rcv_is_right(t) && events_are_right(t) && text_is_right(t) &&
	       window_is_right(t) && drop_is_clean(t);
}

static void try_cell(struct trial *t, const struct cell *c, const struct rule *rule)
{
	struct xtcp_segment seg = make_segment(c);

	t->cell = *c;
	t->rule = rule;
	t->before = make_tcb(c);
	memcpy(&t->after, &t->before, sizeof(t->after));
	memset(&t->v, 0, sizeof(t->v));
	t->wrong[0] = 0;
	xtcp_segment_arrives(&t->after, &seg, 0, &t->v);
}

/* ---- The walk ---- */

/* Of one state; one mistake can show in hundreds of cells. */
enum { REPORTS = 100 };

struct walk {
	struct kunit *test;
	bool count_only;
	unsigned int cells;
	unsigned int wrong;
	unsigned int reached[ARRAY_SIZE(rules)];
	struct trial trial;
};

static void report(struct kunit *test, const struct cell *c, const char *wrong, const char *from)
{
	unsigned long variant = c->variant;
	char variants[96];
	size_t len = 0;
	unsigned int v;

	variants[0] = 0;
	for_each_set_bit(v, &variant, VARIANTS)
		len += scnprintf(variants + len, sizeof(variants) - len, ", %s", variant_names[v]);
	KUNIT_FAIL(test, "%s, %s, seq %s, ack %s%s: %s (%s)", c->state->name, kinds[c->kind].name,
		   seq_names[c->seq], ack_names[c->ack], variants, wrong, from);
}

static bool is_right_at_each_base(struct trial *t, struct cell *c, const struct rule *rule)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		c->base = bases[i];
		try_cell(t, c, rule);
		if (!is_right(t))
			return false;
	}
	return true;
}

static void judge(struct walk *w, struct cell *c)
{
	const struct rule *rule = find_rule(c);

	w->cells++;
	if (w->count_only) {
		if (rule)
			w->reached[rule - rules]++;
		return;
	}
	if (rule && is_right_at_each_base(&w->trial, c, rule))
		return;
	if (w->wrong++ < REPORTS)
		report(w->test, c, rule ? w->trial.wrong : "no row of the table covers it",
		       rule ? rule->from : "grid_test.c");
}

/* Every kind, sequence and acknowledgment of one variant of a state. */
static void walk_variant(struct walk *w, struct cell *c)
{
	for (c->kind = 0; c->kind < KINDS; c->kind++) {
		for (c->seq = 0; c->seq < SEQ_PLACES; c->seq++) {
			for (c->ack = 0; c->ack < ACK_PLACES; c->ack++) {
				if (seq_exists(c) && ack_exists(c))
					judge(w, c);
			}
		}
	}
}

static void walk_state(struct walk *w, const struct state *state)
{
	struct cell c = { .state = state };
	unsigned int variant;

	for (variant = 0; variant < BIT(VARIANTS); variant++) {
		c.variant = variant;
		if (variant_exists(&c))
			walk_variant(w, &c);
	}
}

static struct walk *new_walk(struct kunit *test)
{
	struct walk *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	return w;
}

static void state_desc(const struct state *state, char *desc)
{
	strscpy(desc, state->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(state, states, state_desc);

static void grid__state(struct kunit *test)
{
	struct walk *w = new_walk(test);
	const struct state *state = test->param_value;

	walk_state(w, state);
	KUNIT_EXPECT_EQ(test, w->wrong, 0);
	kunit_info(test, "%s: %u cells", state->name, w->cells);
}

static void grid__every_row_counts(struct kunit *test)
{
	struct walk *w = new_walk(test);
	unsigned int i;

	w->count_only = true;
	for (i = 0; i < ARRAY_SIZE(states); i++)
		walk_state(w, &states[i]);
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		KUNIT_EXPECT_GT_MSG(test, w->reached[i], 0, "no cell reaches row %u (%s)", i, rules[i].from);
	kunit_info(test, "%u cells, %zu rows", w->cells, ARRAY_SIZE(rules));
}

static struct kunit_case grid_cases[] = {
	KUNIT_CASE_PARAM(grid__state, state_gen_params),
	KUNIT_CASE(grid__every_row_counts),
	{ }
};

static struct kunit_suite grid_suite = {
	.name = "xtcp_grid",
	.test_cases = grid_cases,
};

kunit_test_suite(grid_suite);
