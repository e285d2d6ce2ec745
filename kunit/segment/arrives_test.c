// SPDX-License-Identifier: GPL-2.0
/*
 * segment/arrives.c against RFC 9293 section 3.10.7: first a table state x
 * segment, in the order of the RFC's steps, then what one row cannot say.
 */

#include <kunit/test.h>
#include <linux/prandom.h>
#include <xtcp/tcb.h>

#define ISS	1000U
#define IRS	2000U
#define RWND	3000U		/* what we advertised */
#define SWND	5000U		/* what the peer advertised */
#define NOW	(100ULL * USEC_PER_SEC)

#define S XTCP_SYN
#define A XTCP_ACK
#define F XTCP_FIN
#define R XTCP_RST

/* --- connections in each state -------------------------------------------- */

static void open_tcb(struct xtcp_tcb *tcb, u8 state)
{
	*tcb = (struct xtcp_tcb){
		.state = state,
		.passive = 1,
		.iss = ISS, .snd_una = ISS + 1, .snd_nxt = ISS + 1,
		.snd_wnd = SWND, .snd_wnd_max = SWND,
		.snd_wl1 = IRS + 1, .snd_wl2 = ISS + 1,
		.irs = IRS, .rcv_nxt = IRS + 1, .rcv_adv = IRS + 1 + RWND,
		.last_ack_sent = IRS + 1,
		.snd_mss = 1460,
	};
}

/* Our FIN is sent; @acked or not. */
static void close_ours(struct xtcp_tcb *tcb, bool acked)
{
	tcb->fin_sent = 1;
	tcb->snd_nxt++;
	if (acked)
		tcb->snd_una = tcb->snd_nxt;
}

/* The peer's FIN is received. */
static void close_theirs(struct xtcp_tcb *tcb)
{
	tcb->rcv_nxt++;
	tcb->rcv_adv++;
	tcb->last_ack_sent++;
}

static void tcb_in(struct xtcp_tcb *tcb, u8 state)
{
	open_tcb(tcb, state);
	switch (state) {
	case XTCP_SYN_SENT:
		tcb->passive = 0;
		tcb->snd_una = ISS;
		tcb->snd_wnd = 0;
		tcb->snd_wnd_max = 0;
		tcb->rcv_nxt = 0;
		tcb->irs = 0;
		tcb->rcv_adv = RWND;	/* until the SYN an offset */
		break;
	case XTCP_SYN_RCVD:
		tcb->snd_una = ISS;
		break;
	case XTCP_FIN_WAIT_1:
		close_ours(tcb, false);
		break;
	case XTCP_FIN_WAIT_2:
		close_ours(tcb, true);
		break;
	case XTCP_CLOSE_WAIT:
		close_theirs(tcb);
		break;
	case XTCP_CLOSING:
	case XTCP_LAST_ACK:
		close_ours(tcb, false);
		close_theirs(tcb);
		break;
	case XTCP_TIME_WAIT:
		close_ours(tcb, true);
		close_theirs(tcb);
		break;
	}
}

/* --- the table ------------------------------------------------------------ */

enum twist {
	ACTIVE = 1,		/* opened by connect() */
	NO_WINDOW,		/* our window is shut */
	RST_IGNORED,		/* the knob rfc1337 */
	USER_GONE,		/* close() was called: no more text is taken */
	ACK_OWED,		/* of the last 100 octets */
};

struct row {
	const char *what;
	u8 state;
	u8 twist;
	u8 ctl;
	s32 seq;		/* from RCV.NXT */
	s32 ack;		/* from SND.NXT */
	u32 len;
	/* then */
	u8 then;
	u8 reply;
	u16 drop;
	u16 events;
	int error;
};

/* Short names, for one row a line. */
#define R_NONE XTCP_REPLY_NONE
#define R_ACK XTCP_REPLY_ACK
#define R_CHAL XTCP_REPLY_CHALLENGE
#define R_SYNACK XTCP_REPLY_SYN_ACK
#define R_RST XTCP_REPLY_RST
#define D(x) XTCP_DROP_##x
#define E(x) XTCP_EV_##x

static const struct row rows[] = {
	/* 3.10.7.1 CLOSED */
	{ "closed: RST is dropped", XTCP_CLOSED, 0, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, D(CLOSED), 0, 0 },
	{ "closed: SYN gets RST", XTCP_CLOSED, 0, S, 0, 0, 0,
	  XTCP_CLOSED, R_RST, D(CLOSED), 0, 0 },
	{ "closed: ACK gets RST", XTCP_CLOSED, 0, A, 0, 0, 0,
	  XTCP_CLOSED, R_RST, D(CLOSED), 0, 0 },
	{ "closed: text gets RST", XTCP_CLOSED, 0, A, 0, 0, 100,
	  XTCP_CLOSED, R_RST, D(CLOSED), 0, 0 },

	/* 3.10.7.2 LISTEN */
	{ "listen: RST is dropped", XTCP_LISTEN, 0, R, 0, 0, 0,
	  XTCP_LISTEN, R_NONE, D(LISTEN_NOT_SYN), 0, 0 },
	{ "listen: RST,ACK is dropped", XTCP_LISTEN, 0, R | A, 0, 0, 0,
	  XTCP_LISTEN, R_NONE, D(LISTEN_NOT_SYN), 0, 0 },
	{ "listen: ACK gets RST", XTCP_LISTEN, 0, A, 0, 0, 0,
	  XTCP_LISTEN, R_RST, D(LISTEN_NOT_SYN), 0, 0 },
	{ "listen: SYN,ACK gets RST", XTCP_LISTEN, 0, S | A, 0, 0, 0,
	  XTCP_LISTEN, R_RST, D(LISTEN_NOT_SYN), 0, 0 },
	{ "listen: SYN makes a request", XTCP_LISTEN, 0, S, 0, 0, 0,
	  XTCP_SYN_RCVD, R_SYNACK, 0, E(NEW_SYN), 0 },
	{ "listen: SYN,FIN is dropped", XTCP_LISTEN, 0, S | F, 0, 0, 0,
	  XTCP_LISTEN, R_NONE, D(LISTEN_NOT_SYN), 0, 0 },
	{ "listen: FIN is dropped", XTCP_LISTEN, 0, F, 0, 0, 0,
	  XTCP_LISTEN, R_NONE, D(LISTEN_NOT_SYN), 0, 0 },
	{ "listen: no bit at all is dropped", XTCP_LISTEN, 0, 0, 0, 0, 0,
	  XTCP_LISTEN, R_NONE, D(LISTEN_NOT_SYN), 0, 0 },

	/* 3.10.7.3 SYN-SENT */
	{ "syn_sent: ACK of ISS gets RST", XTCP_SYN_SENT, 0, A, 0, -1, 0,
	  XTCP_SYN_SENT, R_RST, D(ACK_UNACCEPTABLE), E(SYN_AGAIN), 0 },
	{ "syn_sent: ACK beyond SND.NXT gets RST", XTCP_SYN_SENT, 0, A, 0, 1, 0,
	  XTCP_SYN_SENT, R_RST, D(ACK_UNACCEPTABLE), E(SYN_AGAIN), 0 },
	{ "syn_sent: SYN,ACK of an old SYN gets RST", XTCP_SYN_SENT, 0, S | A, 0, -10, 0,
	  XTCP_SYN_SENT, R_RST, D(ACK_UNACCEPTABLE), 0, 0 },
	{ "syn_sent: RST with a bad ACK is dropped", XTCP_SYN_SENT, 0, R | A, 0, 1, 0,
	  XTCP_SYN_SENT, R_NONE, D(ACK_UNACCEPTABLE), 0, 0 },
	{ "syn_sent: RST of our SYN refuses", XTCP_SYN_SENT, 0, R | A, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), ECONNREFUSED },
	{ "syn_sent: RST without ACK is dropped", XTCP_SYN_SENT, 0, R, 0, 0, 0,
	  XTCP_SYN_SENT, R_NONE, D(RST_INVALID), 0, 0 },
	{ "syn_sent: ACK without SYN is dropped", XTCP_SYN_SENT, 0, A, 0, 0, 0,
	  XTCP_SYN_SENT, R_NONE, D(NO_SYN), 0, 0 },
	{ "syn_sent: SYN,ACK establishes", XTCP_SYN_SENT, 0, S | A, 0, 0, 0,
	  XTCP_ESTABLISHED, R_ACK, 0, E(ESTABLISHED), 0 },
	{ "syn_sent: SYN is a simultaneous open", XTCP_SYN_SENT, 0, S, 0, 0, 0,
	  XTCP_SYN_RCVD, R_SYNACK, 0, 0, 0 },

	/* 3.10.7.4, first step: the four cases of acceptability */
	{ "seq: no text, no window, next", XTCP_ESTABLISHED, NO_WINDOW, A, 0, 0, 0,
	  XTCP_ESTABLISHED, R_NONE, 0, 0, 0 },
	{ "seq: no text, no window, not next", XTCP_ESTABLISHED, NO_WINDOW, A, 1, 0, 0,
	  XTCP_ESTABLISHED, R_ACK, D(SEQUENCE), 0, 0 },
	{ "seq: no text, left of the window", XTCP_ESTABLISHED, 0, A, -1, 0, 0,
	  XTCP_ESTABLISHED, R_ACK, D(SEQUENCE), 0, 0 },
	{ "seq: no text, left edge", XTCP_ESTABLISHED, 0, A, 0, 0, 0,
	  XTCP_ESTABLISHED, R_NONE, 0, 0, 0 },
	{ "seq: no text, last of the window", XTCP_ESTABLISHED, 0, A, RWND - 1, 0, 0,
	  XTCP_ESTABLISHED, R_NONE, 0, 0, 0 },
	{ "seq: no text, at the right edge", XTCP_ESTABLISHED, 0, A, RWND, 0, 0,
	  XTCP_ESTABLISHED, R_NONE, 0, 0, 0 },
	{ "seq: no text, right of the window", XTCP_ESTABLISHED, 0, A, RWND + 1, 0, 0,
	  XTCP_ESTABLISHED, R_ACK, D(SEQUENCE), 0, 0 },
	{ "seq: all of the text is old", XTCP_ESTABLISHED, 0, A, -100, 0, 100,
	  XTCP_ESTABLISHED, R_ACK, D(SEQUENCE), 0, 0 },
	{ "seq: the last octet is new", XTCP_ESTABLISHED, 0, A, -99, 0, 100,
	  XTCP_ESTABLISHED, R_NONE, 0, E(TEXT), 0 },
	{ "seq: the first octet fits", XTCP_ESTABLISHED, 0, A, RWND - 1, 0, 100,
	  XTCP_ESTABLISHED, R_ACK, 0, E(OUT_OF_ORDER), 0 },
	{ "seq: all of the text is beyond", XTCP_ESTABLISHED, 0, A, RWND, 0, 100,
	  XTCP_ESTABLISHED, R_ACK, D(SEQUENCE), 0, 0 },
	{ "seq: SYN,ACK again (the third segment was lost)",
	  XTCP_ESTABLISHED, 0, S | A, -1, 0, 0,
	  XTCP_ESTABLISHED, R_CHAL, D(SEQUENCE), 0, 0 },
	{ "seq: keepalive probe", XTCP_ESTABLISHED, 0, A, -1, 0, 0,
	  XTCP_ESTABLISHED, R_ACK, D(SEQUENCE), 0, 0 },
	{ "seq: the FIN again in CLOSE_WAIT", XTCP_CLOSE_WAIT, 0, F | A, -1, 0, 0,
	  XTCP_CLOSE_WAIT, R_ACK, D(SEQUENCE), 0, 0 },
	{ "seq: the FIN again in LAST_ACK", XTCP_LAST_ACK, 0, F | A, -1, -1, 0,
	  XTCP_LAST_ACK, R_ACK, D(SEQUENCE), 0, 0 },
	{ "seq: the FIN again in CLOSING", XTCP_CLOSING, 0, F | A, -1, -1, 0,
	  XTCP_CLOSING, R_ACK, D(SEQUENCE), 0, 0 },
	{ "seq: the FIN again in TIME_WAIT restarts 2MSL", XTCP_TIME_WAIT, 0, F | A, -1, 0, 0,
	  XTCP_TIME_WAIT, R_ACK, D(SEQUENCE), E(TW_RESTART), 0 },
	{ "seq: late text in TIME_WAIT does not", XTCP_TIME_WAIT, 0, A, -100, 0, 99,
	  XTCP_TIME_WAIT, R_ACK, D(SEQUENCE), 0, 0 },
	{ "seq: the SYN again in SYN_RCVD", XTCP_SYN_RCVD, 0, S, -1, 0, 0,
	  XTCP_SYN_RCVD, R_SYNACK, D(DUPLICATE_SYN), 0, 0 },
	{ "seq: a higher SYN in TIME_WAIT opens again", XTCP_TIME_WAIT, 0, S, 1, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(TW_REUSE), 0 },
	{ "seq: an older SYN in TIME_WAIT does not", XTCP_TIME_WAIT, 0, S, -10, 0, 0,
	  XTCP_TIME_WAIT, R_CHAL, D(SEQUENCE), 0, 0 },

	/* second step: RST, and RFC 5961 section 3 */
	{ "rst: beyond the window", XTCP_ESTABLISHED, 0, R, RWND + 1, 0, 0,
	  XTCP_ESTABLISHED, R_NONE, D(SEQUENCE), 0, 0 },
	{ "rst: left of the window", XTCP_ESTABLISHED, 0, R, -1, 0, 0,
	  XTCP_ESTABLISHED, R_NONE, D(SEQUENCE), 0, 0 },
	{ "rst: in the window gets a challenge", XTCP_ESTABLISHED, 0, R, 1, 0, 0,
	  XTCP_ESTABLISHED, R_CHAL, D(RST_INVALID), 0, 0 },
	{ "rst: last of the window gets a challenge", XTCP_ESTABLISHED, 0, R, RWND - 1, 0, 0,
	  XTCP_ESTABLISHED, R_CHAL, D(RST_INVALID), 0, 0 },
	{ "rst: at the right edge, too", XTCP_ESTABLISHED, 0, R, RWND, 0, 0,
	  XTCP_ESTABLISHED, R_CHAL, D(RST_INVALID), 0, 0 },
	{ "rst: exact, though the window is shut", XTCP_ESTABLISHED, NO_WINDOW, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), ECONNRESET },
	{ "rst: exact, behind what is to be acknowledged", XTCP_ESTABLISHED, ACK_OWED, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), ECONNRESET },
	{ "rst: where the last ACK was", XTCP_ESTABLISHED, ACK_OWED, R, -100, 0, 0,
	  XTCP_ESTABLISHED, R_NONE, D(SEQUENCE), 0, 0 },
	{ "rst: request", XTCP_SYN_RCVD, 0, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), ECONNRESET },
	{ "rst: simultaneous open", XTCP_SYN_RCVD, ACTIVE, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), ECONNREFUSED },
	{ "rst: in the window of a request", XTCP_SYN_RCVD, 0, R, 1, 0, 0,
	  XTCP_SYN_RCVD, R_CHAL, D(RST_INVALID), 0, 0 },
	{ "rst: established", XTCP_ESTABLISHED, 0, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), ECONNRESET },
	{ "rst: established, with ACK", XTCP_ESTABLISHED, 0, R | A, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), ECONNRESET },
	{ "rst: fin_wait_1", XTCP_FIN_WAIT_1, 0, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), ECONNRESET },
	{ "rst: fin_wait_2", XTCP_FIN_WAIT_2, 0, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), ECONNRESET },
	{ "rst: close_wait", XTCP_CLOSE_WAIT, 0, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), EPIPE },
	{ "rst: closing", XTCP_CLOSING, 0, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), 0 },
	{ "rst: last_ack", XTCP_LAST_ACK, 0, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), 0 },
	{ "rst: time_wait", XTCP_TIME_WAIT, 0, R, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(RESET), 0 },
	{ "rst: time_wait under RFC 1337", XTCP_TIME_WAIT, RST_IGNORED, R, 0, 0, 0,
	  XTCP_TIME_WAIT, R_NONE, D(TIME_WAIT), 0, 0 },

	/* fourth step: SYN, and RFC 5961 section 4 */
	{ "syn: established", XTCP_ESTABLISHED, 0, S, 10, 0, 0,
	  XTCP_ESTABLISHED, R_CHAL, D(SYN_IN_WINDOW), 0, 0 },
	{ "syn: fin_wait_1", XTCP_FIN_WAIT_1, 0, S, 10, 0, 0,
	  XTCP_FIN_WAIT_1, R_CHAL, D(SYN_IN_WINDOW), 0, 0 },
	{ "syn: fin_wait_2", XTCP_FIN_WAIT_2, 0, S, 10, 0, 0,
	  XTCP_FIN_WAIT_2, R_CHAL, D(SYN_IN_WINDOW), 0, 0 },
	{ "syn: close_wait", XTCP_CLOSE_WAIT, 0, S, 10, 0, 0,
	  XTCP_CLOSE_WAIT, R_CHAL, D(SYN_IN_WINDOW), 0, 0 },
	{ "syn: last_ack", XTCP_LAST_ACK, 0, S, 10, 0, 0,
	  XTCP_LAST_ACK, R_CHAL, D(SYN_IN_WINDOW), 0, 0 },

	/* fifth step: ACK */
	{ "ack: without ACK the segment is dropped", XTCP_ESTABLISHED, 0, 0, 0, 0, 100,
	  XTCP_ESTABLISHED, R_NONE, D(NO_ACK), 0, 0 },
	{ "ack: FIN without ACK is dropped", XTCP_ESTABLISHED, 0, F, 0, 0, 0,
	  XTCP_ESTABLISHED, R_NONE, D(NO_ACK), 0, 0 },
	{ "ack: of our SYN establishes", XTCP_SYN_RCVD, 0, A, 0, 0, 0,
	  XTCP_ESTABLISHED, R_NONE, 0, E(ESTABLISHED), 0 },
	{ "ack: with text establishes (the third was lost)", XTCP_SYN_RCVD, 0, A, 0, 0, 100,
	  XTCP_ESTABLISHED, R_NONE, 0, E(ESTABLISHED) | E(TEXT), 0 },
	{ "ack: with FIN establishes and closes", XTCP_SYN_RCVD, 0, F | A, 0, 0, 0,
	  XTCP_CLOSE_WAIT, R_ACK, 0, E(ESTABLISHED) | E(FIN), 0 },
	{ "ack: of ISS in SYN_RCVD gets RST", XTCP_SYN_RCVD, 0, A, 0, -1, 0,
	  XTCP_SYN_RCVD, R_RST, D(ACK_UNACCEPTABLE), 0, 0 },
	{ "ack: beyond SND.NXT in SYN_RCVD gets RST", XTCP_SYN_RCVD, 0, A, 0, 1, 0,
	  XTCP_SYN_RCVD, R_RST, D(ACK_UNACCEPTABLE), 0, 0 },
	{ "ack: crossed SYN,ACKs of a simultaneous open",
	  XTCP_SYN_RCVD, ACTIVE, S | A, -1, 0, 0,
	  XTCP_ESTABLISHED, R_NONE, 0, E(ESTABLISHED), 0 },
	{ "ack: of what was not sent", XTCP_ESTABLISHED, 0, A, 0, 1, 0,
	  XTCP_ESTABLISHED, R_CHAL, D(ACK_UNACCEPTABLE), 0, 0 },
	{ "ack: oldest that RFC 5961 takes", XTCP_ESTABLISHED, 0, A, 0, -(s32)SWND, 100,
	  XTCP_ESTABLISHED, R_NONE, 0, E(TEXT), 0 },
	{ "ack: older than MAX.SND.WND", XTCP_ESTABLISHED, 0, A, 0, -(s32)SWND - 1, 100,
	  XTCP_ESTABLISHED, R_CHAL, D(ACK_UNACCEPTABLE), 0, 0 },
	{ "ack: of our FIN in FIN_WAIT_1", XTCP_FIN_WAIT_1, 0, A, 0, 0, 0,
	  XTCP_FIN_WAIT_2, R_NONE, 0, E(ACKED), 0 },
	{ "ack: not of our FIN in FIN_WAIT_1", XTCP_FIN_WAIT_1, 0, A, 0, -1, 0,
	  XTCP_FIN_WAIT_1, R_NONE, 0, E(DUPACK), 0 },
	{ "ack: of our FIN in CLOSING", XTCP_CLOSING, 0, A, 0, 0, 0,
	  XTCP_TIME_WAIT, R_NONE, 0, E(ACKED), 0 },
	{ "ack: not of our FIN in CLOSING", XTCP_CLOSING, 0, A, 0, -1, 0,
	  XTCP_CLOSING, R_NONE, 0, E(DUPACK), 0 },
	{ "ack: of our FIN in LAST_ACK", XTCP_LAST_ACK, 0, A, 0, 0, 0,
	  XTCP_CLOSED, R_NONE, 0, E(ACKED), 0 },
	{ "ack: not of our FIN in LAST_ACK", XTCP_LAST_ACK, 0, A, 0, -1, 0,
	  XTCP_LAST_ACK, R_NONE, 0, E(DUPACK), 0 },
	{ "ack: in CLOSE_WAIT", XTCP_CLOSE_WAIT, 0, A, 0, 0, 0,
	  XTCP_CLOSE_WAIT, R_NONE, 0, 0, 0 },
	{ "ack: in TIME_WAIT is dropped", XTCP_TIME_WAIT, 0, A, 0, 0, 0,
	  XTCP_TIME_WAIT, R_NONE, D(TIME_WAIT), 0, 0 },

	/* seventh step: text */
	{ "text: in order", XTCP_ESTABLISHED, 0, A, 0, 0, 100,
	  XTCP_ESTABLISHED, R_NONE, 0, E(TEXT), 0 },
	{ "text: out of order", XTCP_ESTABLISHED, 0, A, 50, 0, 100,
	  XTCP_ESTABLISHED, R_ACK, 0, E(OUT_OF_ORDER), 0 },
	{ "text: in FIN_WAIT_1", XTCP_FIN_WAIT_1, 0, A, 0, -1, 100,
	  XTCP_FIN_WAIT_1, R_NONE, 0, E(TEXT), 0 },
	{ "text: in FIN_WAIT_1 with the ACK of our FIN", XTCP_FIN_WAIT_1, 0, A, 0, 0, 100,
	  XTCP_FIN_WAIT_2, R_NONE, 0, E(TEXT) | E(ACKED), 0 },
	{ "text: in FIN_WAIT_2", XTCP_FIN_WAIT_2, 0, A, 0, 0, 100,
	  XTCP_FIN_WAIT_2, R_NONE, 0, E(TEXT), 0 },
	{ "text: for no one gets RST", XTCP_FIN_WAIT_2, USER_GONE, A, 0, 0, 100,
	  XTCP_CLOSED, R_RST, D(TEXT_AFTER_CLOSE), E(RESET), ECONNRESET },
	{ "text: old, for no one, does no harm", XTCP_FIN_WAIT_2, USER_GONE, A, -100, 0, 100,
	  XTCP_FIN_WAIT_2, R_ACK, D(SEQUENCE), 0, 0 },
	{ "text: partly old, for no one", XTCP_FIN_WAIT_2, USER_GONE, A, -99, 0, 100,
	  XTCP_CLOSED, R_RST, D(TEXT_AFTER_CLOSE), E(RESET), ECONNRESET },
	{ "text: partly old, for no one, FIN not acknowledged", XTCP_FIN_WAIT_1, USER_GONE, A, -99, -1, 100,
	  XTCP_CLOSED, R_RST, D(TEXT_AFTER_CLOSE), E(RESET), ECONNRESET },
	{ "text: after the peer's FIN is ignored", XTCP_CLOSE_WAIT, 0, A, 0, 0, 100,
	  XTCP_CLOSE_WAIT, R_ACK, D(SEQUENCE), 0, 0 },

	/* eighth step: FIN */
	{ "fin: established", XTCP_ESTABLISHED, 0, F | A, 0, 0, 0,
	  XTCP_CLOSE_WAIT, R_ACK, 0, E(FIN), 0 },
	{ "fin: behind text", XTCP_ESTABLISHED, 0, F | A, 0, 0, 100,
	  XTCP_CLOSE_WAIT, R_ACK, 0, E(FIN) | E(TEXT), 0 },
	{ "fin: out of order", XTCP_ESTABLISHED, 0, F | A, 100, 0, 0,
	  XTCP_ESTABLISHED, R_ACK, 0, E(OUT_OF_ORDER), 0 },
	{ "fin: behind text, partly old", XTCP_ESTABLISHED, 0, F | A, -50, 0, 100,
	  XTCP_CLOSE_WAIT, R_ACK, 0, E(FIN) | E(TEXT), 0 },
	{ "fin: new behind old text", XTCP_ESTABLISHED, 0, F | A, -100, 0, 100,
	  XTCP_CLOSE_WAIT, R_ACK, 0, E(FIN), 0 },
	{ "fin: fin_wait_1, ours not acknowledged", XTCP_FIN_WAIT_1, 0, F | A, 0, -1, 0,
	  XTCP_CLOSING, R_ACK, 0, E(FIN), 0 },
	{ "fin: fin_wait_1, with the ACK of ours", XTCP_FIN_WAIT_1, 0, F | A, 0, 0, 0,
	  XTCP_TIME_WAIT, R_ACK, 0, E(FIN) | E(ACKED), 0 },
	{ "fin: fin_wait_2", XTCP_FIN_WAIT_2, 0, F | A, 0, 0, 0,
	  XTCP_TIME_WAIT, R_ACK, 0, E(FIN), 0 },
	{ "fin: behind old text, the user is gone", XTCP_FIN_WAIT_2, USER_GONE, F | A, -100, 0, 100,
	  XTCP_TIME_WAIT, R_ACK, 0, E(FIN), 0 },
	{ "fin: behind old text, at the same time", XTCP_FIN_WAIT_1, USER_GONE, F | A, -100, -1, 100,
	  XTCP_CLOSING, R_ACK, 0, E(FIN), 0 },
	{ "fin: fin_wait_2, the user is gone", XTCP_FIN_WAIT_2, USER_GONE, F | A, 0, 0, 0,
	  XTCP_TIME_WAIT, R_ACK, 0, E(FIN), 0 },
};

static void row_desc(const struct row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(row, rows, row_desc);

static void twist_tcb(struct xtcp_tcb *tcb, u8 twist)
{
	switch (twist) {
	case ACTIVE:
		tcb->passive = 0;
		break;
	case NO_WINDOW:
		tcb->rcv_adv = tcb->rcv_nxt;
		break;
	case RST_IGNORED:
		tcb->rst_ignored = 1;
		break;
	case USER_GONE:
		tcb->rcv_closed = 1;
		break;
	case ACK_OWED:
		tcb->last_ack_sent -= 100;
		break;
	}
}

static struct xtcp_segment segment_of(const struct xtcp_tcb *tcb, u8 ctl, s32 seq,
				      s32 ack, u32 len)
{
	return (struct xtcp_segment){
		.ctl = ctl,
		.seq = tcb->rcv_nxt + seq,
		.ack = ctl & A ? tcb->snd_nxt + ack : 0,
		.text_len = len,
		.wnd = SWND,
	};
}

static void arrives__table(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, row->state);
	twist_tcb(&tcb, row->twist);
	seg = segment_of(&tcb, row->ctl, row->seq, row->ack, row->len);
	memset(&v, 0xa5, sizeof(v));
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.state, row->then);
	KUNIT_EXPECT_EQ(test, v.reply, row->reply);
	KUNIT_EXPECT_EQ(test, v.drop, row->drop);
	KUNIT_EXPECT_EQ(test, v.events, row->events);
	KUNIT_EXPECT_EQ(test, v.error, row->error);
	/* The state is the caller's to set. */
	KUNIT_EXPECT_EQ(test, tcb.state, row->state);
}

/* --- what a row cannot say ------------------------------------------------ */

static void arrive(struct xtcp_tcb *tcb, u8 ctl, s32 seq, s32 ack, u32 len,
		   struct xtcp_verdict *v)
{
	struct xtcp_segment seg = segment_of(tcb, ctl, seq, ack, len);

	xtcp_segment_arrives(tcb, &seg, NOW, v);
}

/* The peer's SYN-ACK, with every option. */
static struct xtcp_segment syn_ack_all_options(void)
{
	return (struct xtcp_segment){
		.ctl = S | A, .seq = IRS, .ack = ISS + 1, .wnd = 60000,
		.opt = { .mss = 1400, .has_ts = 1, .tsval = 77, .tsecr = 5,
			 .has_wscale = 1, .wscale = 5, .sack_perm = 1 },
	};
}

static void offer_all_options(struct xtcp_tcb *tcb)
{
	tcb_in(tcb, XTCP_SYN_SENT);
	tcb->ts_ok = 1;
	tcb->wscale_ok = 1;
	tcb->sack_ok = 1;
	tcb->rcv_wscale = 7;
}

static void syn_sent__takes_the_peers_numbers(struct kunit *test)
{
	struct xtcp_segment seg = syn_ack_all_options();
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	offer_all_options(&tcb);
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, tcb.irs, IRS);
	KUNIT_EXPECT_EQ(test, tcb.rcv_nxt, IRS + 1);
	KUNIT_EXPECT_EQ(test, xtcp_tcb_rcv_wnd(&tcb), RWND);
	KUNIT_EXPECT_EQ(test, tcb.snd_una, ISS + 1);
	KUNIT_EXPECT_EQ(test, tcb.snd_nxt, ISS + 1);
	KUNIT_EXPECT_EQ(test, tcb.snd_wl1, IRS);
	KUNIT_EXPECT_EQ(test, tcb.snd_wl2, ISS + 1);
	KUNIT_EXPECT_EQ(test, v.acked, 1);
}

/* RFC 7323 2.2: the window of a SYN is never scaled, those after it are. */
static void syn_sent__window_of_syn_is_not_scaled(struct kunit *test)
{
	struct xtcp_segment seg = syn_ack_all_options();
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	offer_all_options(&tcb);
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, 60000);
	KUNIT_EXPECT_EQ(test, tcb.snd_wscale, 5);
	tcb.state = v.state;
	seg = (struct xtcp_segment){ .ctl = A, .seq = IRS + 1, .ack = ISS + 1,
				     .wnd = 1000, .opt.has_ts = 1, .opt.tsval = 78 };
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, 1000 << 5);
	KUNIT_EXPECT_TRUE(test, v.events & E(WINDOW));
}

static void syn_sent__all_options_agreed(struct kunit *test)
{
	struct xtcp_segment seg = syn_ack_all_options();
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	offer_all_options(&tcb);
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_TRUE(test, tcb.ts_ok && tcb.wscale_ok && tcb.sack_ok);
	KUNIT_EXPECT_EQ(test, tcb.snd_mss, 1400);
	KUNIT_EXPECT_EQ(test, tcb.rcv_wscale, 7);
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 77);
	KUNIT_EXPECT_EQ(test, tcb.ts_recent_us, NOW);
}

/* No option in the answer: none is used; the MSS stays the default (MUST-15). */
static void syn_sent__no_options_agreed(struct kunit *test)
{
	struct xtcp_segment seg = syn_ack_all_options();
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	offer_all_options(&tcb);
	tcb.snd_mss = XTCP_MSS_DEFAULT;
	seg.opt = (struct xtcp_options){ };
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_FALSE(test, tcb.ts_ok || tcb.wscale_ok || tcb.sack_ok);
	KUNIT_EXPECT_EQ(test, tcb.snd_mss, XTCP_MSS_DEFAULT);
	KUNIT_EXPECT_EQ(test, tcb.rcv_wscale, 0);
	KUNIT_EXPECT_EQ(test, tcb.snd_wscale, 0);
}

/* What we did not offer the peer may not turn on. */
static void syn_sent__options_not_offered(struct kunit *test)
{
	struct xtcp_segment seg = syn_ack_all_options();
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_SYN_SENT);
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_FALSE(test, tcb.ts_ok || tcb.wscale_ok || tcb.sack_ok);
	KUNIT_EXPECT_EQ(test, tcb.snd_wscale, 0);
}

/* The ACK of our SYN is no ACK of text: it says EV_ESTABLISHED, not EV_ACKED. */
static void syn_rcvd__ack_of_syn(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_SYN_RCVD);
	arrive(&tcb, A, 0, 0, 0, &v);
	KUNIT_EXPECT_EQ(test, v.acked, 1);
	KUNIT_EXPECT_EQ(test, tcb.snd_una, ISS + 1);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, SWND);
}

/* Both sides of figure 7 of RFC 9293: four segments. */
static void simultaneous_open__whole_ladder(struct kunit *test)
{
	struct xtcp_segment seg = { .ctl = S, .seq = IRS, .wnd = SWND };
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_SYN_SENT);
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.state, XTCP_SYN_RCVD);
	KUNIT_EXPECT_EQ(test, v.reply, XTCP_REPLY_SYN_ACK);
	KUNIT_EXPECT_EQ(test, tcb.snd_una, ISS);
	tcb.state = v.state;
	seg = (struct xtcp_segment){ .ctl = S | A, .seq = IRS, .ack = ISS + 1, .wnd = SWND };
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.state, XTCP_ESTABLISHED);
	KUNIT_EXPECT_EQ(test, tcb.rcv_nxt, IRS + 1);
	KUNIT_EXPECT_EQ(test, tcb.snd_una, ISS + 1);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, SWND);
}

/* RFC 7323 2.2: not that of the SYN-ACK either, whose SYN is old news. */
static void simultaneous_open__window_of_syn_ack_is_not_scaled(struct kunit *test)
{
	struct xtcp_segment seg = syn_ack_all_options();
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	offer_all_options(&tcb);
	seg.ctl = S;
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.state, XTCP_SYN_RCVD);
	tcb.state = v.state;
	seg.ctl = S | A;
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.state, XTCP_ESTABLISHED);
	KUNIT_EXPECT_EQ(test, tcb.snd_wscale, 5);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, 60000);
}

static void text__left_edge_trimmed(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	arrive(&tcb, A, -40, 0, 100, &v);
	KUNIT_EXPECT_EQ(test, v.text_seq, IRS + 1);
	KUNIT_EXPECT_EQ(test, v.text_len, 60);
	KUNIT_EXPECT_EQ(test, tcb.rcv_nxt, IRS + 1 + 60);
}

static void text__right_edge_trimmed(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	arrive(&tcb, A, 0, 0, RWND + 500, &v);
	KUNIT_EXPECT_EQ(test, v.text_seq, IRS + 1);
	KUNIT_EXPECT_EQ(test, v.text_len, RWND);
	KUNIT_EXPECT_EQ(test, tcb.rcv_nxt, IRS + 1 + RWND);
	KUNIT_EXPECT_EQ(test, xtcp_tcb_rcv_wnd(&tcb), 0);
}

/* A FIN whose text did not fit was not received. */
static void text__fin_beyond_window_is_trimmed(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	arrive(&tcb, F | A, 0, 0, RWND + 1, &v);
	KUNIT_EXPECT_EQ(test, v.state, XTCP_ESTABLISHED);
	KUNIT_EXPECT_FALSE(test, v.events & E(FIN));
	KUNIT_EXPECT_EQ(test, v.text_len, RWND);
}

static void text__out_of_order_right_edge_trimmed(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	arrive(&tcb, F | A, RWND - 10, 0, 100, &v);
	KUNIT_EXPECT_EQ(test, v.events, E(OUT_OF_ORDER));
	KUNIT_EXPECT_EQ(test, v.text_seq, IRS + 1 + RWND - 10);
	KUNIT_EXPECT_EQ(test, v.text_len, 10);
	KUNIT_EXPECT_FALSE(test, v.text_fin);
	KUNIT_EXPECT_EQ(test, tcb.rcv_nxt, IRS + 1);
}

static void text__out_of_order_with_fin(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	arrive(&tcb, F | A, 100, 0, 50, &v);
	KUNIT_EXPECT_EQ(test, v.events, E(OUT_OF_ORDER));
	KUNIT_EXPECT_EQ(test, v.text_seq, IRS + 101);
	KUNIT_EXPECT_EQ(test, v.text_len, 50);
	KUNIT_EXPECT_TRUE(test, v.text_fin);
}

/* MUST-66: a zero window still takes the ACK, and asks for the text again. */
static void text__zero_window_takes_the_ack(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	tcb.snd_nxt += 1000;
	tcb.rcv_adv = tcb.rcv_nxt;
	arrive(&tcb, A, 0, 0, 1, &v);
	KUNIT_EXPECT_EQ(test, v.reply, XTCP_REPLY_ACK);
	KUNIT_EXPECT_FALSE(test, v.events & (E(TEXT) | E(OUT_OF_ORDER)));
	KUNIT_EXPECT_EQ(test, tcb.rcv_nxt, IRS + 1);
	KUNIT_EXPECT_EQ(test, v.acked, 1000);
	KUNIT_EXPECT_EQ(test, tcb.snd_una, tcb.snd_nxt);
}

static void fin__uses_a_sequence_number(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	arrive(&tcb, F | A, 0, 0, 100, &v);
	KUNIT_EXPECT_EQ(test, tcb.rcv_nxt, IRS + 1 + 101);
}

/* A FIN that waited in the out-of-order queue. */
static void fin_arrives__each_state(struct kunit *test)
{
	static const u8 pairs[][2] = {
		{ XTCP_ESTABLISHED, XTCP_CLOSE_WAIT },
		{ XTCP_FIN_WAIT_1, XTCP_CLOSING },
		{ XTCP_FIN_WAIT_2, XTCP_TIME_WAIT },
	};
	struct xtcp_tcb tcb;
	int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct xtcp_verdict v = { .state = pairs[i][0] };

		tcb_in(&tcb, pairs[i][0]);
		xtcp_fin_arrives(&tcb, &v);
		KUNIT_EXPECT_EQ(test, v.state, pairs[i][1]);
		KUNIT_EXPECT_EQ(test, v.reply, XTCP_REPLY_ACK);
		KUNIT_EXPECT_EQ(test, tcb.rcv_nxt, IRS + 2);
	}
}

/* Both FINs cross: CLOSING, then TIME_WAIT. */
static void simultaneous_close__whole_ladder(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_FIN_WAIT_1);
	arrive(&tcb, F | A, 0, -1, 0, &v);
	KUNIT_EXPECT_EQ(test, v.state, XTCP_CLOSING);
	tcb.state = v.state;
	arrive(&tcb, A, 0, 0, 0, &v);
	KUNIT_EXPECT_EQ(test, v.state, XTCP_TIME_WAIT);
}

static void ack__advances_and_counts(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	tcb.snd_nxt += 3000;
	arrive(&tcb, A, 0, -2000, 0, &v);
	KUNIT_EXPECT_EQ(test, v.events, E(ACKED));
	KUNIT_EXPECT_EQ(test, v.acked, 1000);
	KUNIT_EXPECT_EQ(test, tcb.snd_una, ISS + 1 + 1000);
}

static void ack__across_the_wrap(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	tcb.snd_una = U32_MAX - 99;
	tcb.snd_nxt = 100;
	tcb.rcv_nxt = U32_MAX - 49;
	tcb.rcv_adv = tcb.rcv_nxt + RWND;
	tcb.snd_wl1 = tcb.rcv_nxt;
	tcb.snd_wl2 = tcb.snd_una;
	arrive(&tcb, A, 0, 0, 100, &v);
	KUNIT_EXPECT_EQ(test, v.acked, 200);
	KUNIT_EXPECT_EQ(test, tcb.snd_una, 100);
	KUNIT_EXPECT_EQ(test, tcb.rcv_nxt, 50);
}

/* RFC 5681 section 2, conditions (a) to (e), each one missing once. */
static void dupack__five_conditions(struct kunit *test)
{
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;
	int i;

	for (i = 0; i < 6; i++) {
		tcb_in(&tcb, XTCP_ESTABLISHED);
		tcb.snd_nxt += i == 1 ? 0 : 1000;		/* (a) outstanding */
		seg = segment_of(&tcb, i == 3 ? F | A : A, 0,
				 i == 1 || i == 4 ? 0 : -1000,	/* (d) greatest */
				 i == 2 ? 10 : 0);		/* (b) no text, (c) FIN */
		seg.wnd = i == 5 ? SWND + 1 : SWND;		/* (e) same window */
		xtcp_segment_arrives(&tcb, &seg, NOW, &v);
		KUNIT_EXPECT_EQ_MSG(test, !!(v.events & E(DUPACK)), i == 0, "case %d", i);
	}
}

/* Window updates only from segments newer than the last (SND.WL1, SND.WL2). */
static void window__old_segment_does_not_update(struct kunit *test)
{
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	tcb.snd_wl1 = IRS + 101;
	seg = segment_of(&tcb, A, 0, 0, 50);
	seg.wnd = 1;
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, SWND);
	KUNIT_EXPECT_FALSE(test, v.events & E(WINDOW));
}

static void window__newer_ack_updates(struct kunit *test)
{
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	seg = segment_of(&tcb, A, 0, 0, 0);
	seg.wnd = 0;
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, 0);
	KUNIT_EXPECT_TRUE(test, v.events & E(WINDOW));
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd_max, SWND);
}

/* A zero-window probe's answer: an ACK we had, with a window. No duplicate. */
static void window__opening_is_no_dupack(struct kunit *test)
{
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_in(&tcb, XTCP_ESTABLISHED);
	tcb.snd_wnd = 0;
	tcb.snd_nxt += 1;
	seg = segment_of(&tcb, A, 0, -1, 0);
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.events, E(WINDOW));
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, SWND);
}

/* --- timestamps: RFC 7323 ------------------------------------------------- */

static void tcb_with_ts(struct xtcp_tcb *tcb, u8 state)
{
	tcb_in(tcb, state);
	tcb->ts_ok = 1;
	tcb->ts_recent = 1000;
	tcb->ts_recent_us = NOW - USEC_PER_SEC;
	tcb->paws_idle_us = 24ULL * 24 * 3600 * USEC_PER_SEC;
}

static void arrive_ts(struct xtcp_tcb *tcb, u8 ctl, s32 seq, u32 len, u32 tsval,
		      u64 now_us, struct xtcp_verdict *v)
{
	struct xtcp_segment seg = segment_of(tcb, ctl, seq, 0, len);

	seg.opt.has_ts = 1;
	seg.opt.tsval = tsval;
	xtcp_segment_arrives(tcb, &seg, now_us, v);
}

static void paws__older_is_dropped_with_ack(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	arrive_ts(&tcb, A, 0, 100, 999, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.drop, D(PAWS));
	KUNIT_EXPECT_EQ(test, v.reply, XTCP_REPLY_ACK);
	KUNIT_EXPECT_EQ(test, tcb.rcv_nxt, IRS + 1);
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 1000);
}

static void paws__equal_is_taken(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	arrive_ts(&tcb, A, 0, 100, 1000, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.events, E(TEXT));
}

/* The timestamp clock wraps: 0x10 is newer than 0xfffffff0. */
static void paws__wrapped_is_newer(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	tcb.ts_recent = 0xfffffff0;
	arrive_ts(&tcb, A, 0, 100, 0x10, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.events, E(TEXT));
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 0x10);
}

/* 5.5: after 24 days of silence TS.Recent says nothing any more. */
static void paws__idle_24_days(struct kunit *test)
{
	u64 later = NOW - USEC_PER_SEC + 24ULL * 24 * 3600 * USEC_PER_SEC;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	arrive_ts(&tcb, A, 0, 100, 999, later, &v);
	KUNIT_EXPECT_EQ(test, v.drop, D(PAWS));
	arrive_ts(&tcb, A, 0, 100, 999, later + 1, &v);
	KUNIT_EXPECT_EQ(test, v.events, E(TEXT));
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 999);
}

/* 5.2: RST is not subject to PAWS. */
static void paws__not_for_rst(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	arrive_ts(&tcb, R, 0, 0, 1, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.events, E(RESET));
}

/* 3.2: negotiated and absent: what would be kept is dropped. */
static void timestamps__missing(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	arrive(&tcb, A, 0, 0, 100, &v);
	KUNIT_EXPECT_EQ(test, v.drop, D(NO_TIMESTAMP));
	KUNIT_EXPECT_EQ(test, v.reply, XTCP_REPLY_NONE);
	arrive(&tcb, A, -99, 0, 100, &v);	/* one octet of it is new */
	KUNIT_EXPECT_EQ(test, v.drop, D(NO_TIMESTAMP));
	arrive(&tcb, A | F, 0, 0, 0, &v);
	KUNIT_EXPECT_EQ(test, v.drop, D(NO_TIMESTAMP));
	arrive(&tcb, A, 0, 0, 0, &v);
	KUNIT_EXPECT_EQ(test, v.drop, 0);
	arrive(&tcb, A, -100, 0, 100, &v);	/* had it all */
	KUNIT_EXPECT_EQ(test, v.drop, D(SEQUENCE));
	KUNIT_EXPECT_EQ(test, v.reply, XTCP_REPLY_ACK);
	arrive(&tcb, R, 0, 0, 0, &v);
	KUNIT_EXPECT_EQ(test, v.events, E(RESET));
}

/*
 * A peer that crashed and connects again may not know our timestamps: its SYN is
 * challenged all the same (RFC 5961 4.2), or it would never get through.
 */
static void timestamps__syn_of_a_new_life(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	arrive(&tcb, S, -70000, 0, 0, &v);
	KUNIT_EXPECT_EQ(test, v.reply, XTCP_REPLY_CHALLENGE);
	arrive_ts(&tcb, S, 10, 0, 1, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.reply, XTCP_REPLY_CHALLENGE);
}

/* 4.3: TS.Recent comes from the segment that made the last ACK necessary... */
static void ts_recent__follows_segment_at_last_ack(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	arrive_ts(&tcb, A, 0, 100, 1005, NOW, &v);
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 1005);
	KUNIT_EXPECT_EQ(test, tcb.ts_recent_us, NOW);
	/* ... not from a second one before that ACK went out. */
	arrive_ts(&tcb, A, 0, 100, 1009, NOW, &v);
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 1005);
}

static void ts_recent__not_from_out_of_order(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	arrive_ts(&tcb, A, 100, 100, 1005, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.events, E(OUT_OF_ORDER));
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 1000);
}

/* An unacceptable segment must not move it either: a blind attacker's. */
static void ts_recent__not_from_unacceptable(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	arrive_ts(&tcb, A, -200, 100, 5000, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.drop, D(SEQUENCE));
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 1000);
}

/* RFC 5961 5.2: what is discarded is discarded, a timestamp from the future too. */
static void ts_recent__not_with_an_unacceptable_ack(struct kunit *test)
{
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_ESTABLISHED);
	seg = segment_of(&tcb, A, 0, 1, 0);
	seg.opt.has_ts = 1;
	seg.opt.tsval = 1000000;
	xtcp_segment_arrives(&tcb, &seg, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.drop, D(ACK_UNACCEPTABLE));
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 1000);
	/* No ACK at all. */
	arrive_ts(&tcb, 0, 0, 100, 1000000, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.drop, D(NO_ACK));
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 1000);
}

/* 5.2: nothing of a RST's timestamp may be used, neither way. */
static void ts_recent__not_from_rst(struct kunit *test)
{
	static const u32 tsvals[] = { 1, 1000000 };
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;
	int i;

	for (i = 0; i < ARRAY_SIZE(tsvals); i++) {
		tcb_with_ts(&tcb, XTCP_TIME_WAIT);
		tcb.rst_ignored = 1;
		arrive_ts(&tcb, R, 0, 0, tsvals[i], NOW, &v);
		KUNIT_EXPECT_EQ(test, v.drop, D(TIME_WAIT));
		KUNIT_EXPECT_EQ(test, tcb.ts_recent, 1000);
	}
}

/* RFC 6191 compares with the last one seen: an ACK in TIME_WAIT counts. */
static void ts_recent__from_an_ack_in_time_wait(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_TIME_WAIT);
	arrive_ts(&tcb, A, 0, 0, 1005, NOW, &v);
	KUNIT_EXPECT_EQ(test, v.drop, D(TIME_WAIT));
	KUNIT_EXPECT_EQ(test, tcb.ts_recent, 1005);
}

/* --- TIME_WAIT and a new SYN: RFC 6191 section 2 --------------------------- */

static void time_wait_syn(struct kunit *test, s32 seq, u32 tsval, bool opens)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_TIME_WAIT);
	arrive_ts(&tcb, S, seq, 0, tsval, NOW, &v);
	KUNIT_EXPECT_EQ(test, !!(v.events & E(TW_REUSE)), opens);
	if (!opens) {
		KUNIT_EXPECT_EQ(test, v.state, XTCP_TIME_WAIT);
		KUNIT_EXPECT_EQ(test, v.reply, XTCP_REPLY_CHALLENGE);
	}
}

static void time_wait_syn__newer_timestamp(struct kunit *test)
{
	time_wait_syn(test, -100000, 1001, true);
}

static void time_wait_syn__same_timestamp_higher_seq(struct kunit *test)
{
	time_wait_syn(test, 1, 1000, true);
}

static void time_wait_syn__same_timestamp_lower_seq(struct kunit *test)
{
	time_wait_syn(test, -1, 1000, false);
}

static void time_wait_syn__older_timestamp(struct kunit *test)
{
	time_wait_syn(test, 1, 999, false);
}

/* The SYN has no timestamp, the old life had: its sequence number decides. */
static void time_wait_syn__no_timestamp(struct kunit *test)
{
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_with_ts(&tcb, XTCP_TIME_WAIT);
	arrive(&tcb, S, 1, 0, 0, &v);
	KUNIT_EXPECT_TRUE(test, v.events & E(TW_REUSE));
}

/* --- any segment in any state ---------------------------------------------- */

static const u8 all_states[] = {
	XTCP_CLOSED, XTCP_LISTEN, XTCP_SYN_SENT, XTCP_SYN_RCVD, XTCP_ESTABLISHED,
	XTCP_FIN_WAIT_1, XTCP_FIN_WAIT_2, XTCP_CLOSE_WAIT, XTCP_CLOSING,
	XTCP_LAST_ACK, XTCP_TIME_WAIT,
};

static struct xtcp_segment random_segment(struct rnd_state *rnd,
					  const struct xtcp_tcb *tcb)
{
	s32 seq = (s32)(prandom_u32_state(rnd) % 8000) - 4000;
	s32 ack = (s32)(prandom_u32_state(rnd) % 4000) - 2000;
	struct xtcp_segment seg;

	if (prandom_u32_state(rnd) % 2)
		seq = (s32)(prandom_u32_state(rnd) % 3) - 1;
	if (prandom_u32_state(rnd) % 2)
		ack = (s32)(prandom_u32_state(rnd) % 3) - 1;
	seg = segment_of(tcb, prandom_u32_state(rnd) & 0x3f, seq, ack,
			 prandom_u32_state(rnd) % 3 * 100);
	if (prandom_u32_state(rnd) % 4 == 0)
		seg.seq -= seg.text_len;	/* all of the text is old */
	seg.wnd = (u16)prandom_u32_state(rnd);
	seg.opt.has_ts = prandom_u32_state(rnd) & 1;
	seg.opt.tsval = 1000 + (s32)(prandom_u32_state(rnd) % 5) - 2;
	return seg;
}

/* Laws that hold whatever comes; the number of those broken. */
static unsigned int laws_broken(const struct xtcp_tcb *before,
				const struct xtcp_tcb *tcb,
				const struct xtcp_segment *seg,
				const struct xtcp_verdict *v)
{
	bool synchronised = before->state != XTCP_CLOSED &&
			    before->state != XTCP_LISTEN &&
			    before->state != XTCP_SYN_SENT;
	unsigned int broken = 0;

	/* Nothing is acknowledged that was not sent. */
	broken += xtcp_seq_gt(tcb->snd_una, tcb->snd_nxt);
	broken += synchronised && tcb->snd_una - before->snd_una != v->acked;
	/* Nothing is received that was not allowed; a FIN may stand at the edge. */
	broken += synchronised && xtcp_seq_gt(tcb->rcv_nxt, tcb->rcv_adv + 1);
	broken += synchronised && xtcp_seq_lt(tcb->rcv_nxt, before->rcv_nxt);
	/* RST is never answered (RFC 9293 3.5.2), but by a challenge. */
	broken += seg->ctl & R && v->reply != XTCP_REPLY_NONE &&
		  v->reply != XTCP_REPLY_CHALLENGE;
	/* What was dropped changed nothing but, perhaps, the ACK side. */
	broken += v->drop && tcb->rcv_nxt != before->rcv_nxt;
	broken += v->drop && v->events & (E(TEXT) | E(FIN) | E(OUT_OF_ORDER));
	/* An error needs a reset, and a reset ends it. */
	broken += v->error && !(v->events & E(RESET));
	broken += v->events & E(RESET) && v->state != XTCP_CLOSED;
	/* Only text inside the segment is kept. */
	broken += v->events & (E(TEXT) | E(OUT_OF_ORDER)) && v->text_len > seg->text_len;
	return broken;
}

static void arrives__laws_for_random_segments(struct kunit *test)
{
	struct xtcp_tcb before, tcb, twin;
	struct xtcp_verdict v, same;
	unsigned int i, broken = 0;
	struct xtcp_segment seg;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 253);
	for (i = 0; i < 300000 && broken < 5; i++) {
		u8 state = all_states[i % ARRAY_SIZE(all_states)];
		unsigned int wrong;

		if (prandom_u32_state(&rnd) % 2)
			tcb_in(&tcb, state);
		else
			tcb_with_ts(&tcb, state);
		seg = random_segment(&rnd, &tcb);
		before = tcb;
		twin = tcb;
		xtcp_segment_arrives(&tcb, &seg, NOW, &v);
		xtcp_segment_arrives(&twin, &seg, NOW, &same);
		wrong = laws_broken(&before, &tcb, &seg, &v);
		/* Pure: the same again. */
		wrong += v.events != same.events || v.reply != same.reply ||
			 memcmp(&tcb, &twin, sizeof(tcb)) != 0;
		if (wrong)
			kunit_err(test, "state %u ctl %#x seq %d ack %d len %u: %u laws broken",
				  state, seg.ctl, (s32)(seg.seq - before.rcv_nxt),
				  (s32)(seg.ack - before.snd_nxt), seg.text_len, wrong);
		broken += wrong;
	}
	KUNIT_EXPECT_EQ(test, broken, 0);
}

static struct kunit_case arrives_cases[] = {
	KUNIT_CASE_PARAM(arrives__table, row_gen_params),
	KUNIT_CASE(syn_sent__takes_the_peers_numbers),
	KUNIT_CASE(syn_sent__window_of_syn_is_not_scaled),
	KUNIT_CASE(syn_sent__all_options_agreed),
	KUNIT_CASE(syn_sent__no_options_agreed),
	KUNIT_CASE(syn_sent__options_not_offered),
	KUNIT_CASE(syn_rcvd__ack_of_syn),
	KUNIT_CASE(simultaneous_open__whole_ladder),
	KUNIT_CASE(simultaneous_open__window_of_syn_ack_is_not_scaled),
	KUNIT_CASE(text__left_edge_trimmed),
	KUNIT_CASE(text__right_edge_trimmed),
	KUNIT_CASE(text__fin_beyond_window_is_trimmed),
	KUNIT_CASE(text__out_of_order_right_edge_trimmed),
	KUNIT_CASE(text__out_of_order_with_fin),
	KUNIT_CASE(text__zero_window_takes_the_ack),
	KUNIT_CASE(fin__uses_a_sequence_number),
	KUNIT_CASE(fin_arrives__each_state),
	KUNIT_CASE(simultaneous_close__whole_ladder),
	KUNIT_CASE(ack__advances_and_counts),
	KUNIT_CASE(ack__across_the_wrap),
	KUNIT_CASE(dupack__five_conditions),
	KUNIT_CASE(window__old_segment_does_not_update),
	KUNIT_CASE(window__newer_ack_updates),
	KUNIT_CASE(window__opening_is_no_dupack),
	KUNIT_CASE(paws__older_is_dropped_with_ack),
	KUNIT_CASE(paws__equal_is_taken),
	KUNIT_CASE(paws__wrapped_is_newer),
	KUNIT_CASE(paws__idle_24_days),
	KUNIT_CASE(paws__not_for_rst),
	KUNIT_CASE(timestamps__missing),
	KUNIT_CASE(timestamps__syn_of_a_new_life),
	KUNIT_CASE(ts_recent__follows_segment_at_last_ack),
	KUNIT_CASE(ts_recent__not_from_out_of_order),
	KUNIT_CASE(ts_recent__not_from_unacceptable),
	KUNIT_CASE(ts_recent__not_with_an_unacceptable_ack),
	KUNIT_CASE(ts_recent__not_from_rst),
	KUNIT_CASE(ts_recent__from_an_ack_in_time_wait),
	KUNIT_CASE(time_wait_syn__newer_timestamp),
	KUNIT_CASE(time_wait_syn__same_timestamp_higher_seq),
	KUNIT_CASE(time_wait_syn__same_timestamp_lower_seq),
	KUNIT_CASE(time_wait_syn__older_timestamp),
	KUNIT_CASE(time_wait_syn__no_timestamp),
	KUNIT_CASE_SLOW(arrives__laws_for_random_segments),
	{ }
};

static struct kunit_suite arrives_suite = {
	.name = "xtcp_arrives",
	.test_cases = arrives_cases,
};

kunit_test_suite(arrives_suite);
