/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The transmission control block and the pure state machine over it.
 * Variables carry the names of RFC 9293 section 3.3.1.
 */
#ifndef _XTCP_TCB_H
#define _XTCP_TCB_H

#include <net/tcp_states.h>
#include <xtcp/counters.h>
#include <xtcp/options.h>
#include <xtcp/wire.h>

/*
 * The eleven states of RFC 9293 section 3.3.2, in the kernel's numbering so
 * that /proc, TCP_INFO and sk_state need no translation. A socket never is in
 * TIME_WAIT: a record of its own takes over (close/timewait.c).
 */
enum xtcp_state {
	XTCP_ESTABLISHED	= TCP_ESTABLISHED,
	XTCP_SYN_SENT		= TCP_SYN_SENT,
	XTCP_SYN_RCVD		= TCP_SYN_RECV,
	XTCP_FIN_WAIT_1		= TCP_FIN_WAIT1,
	XTCP_FIN_WAIT_2		= TCP_FIN_WAIT2,
	XTCP_TIME_WAIT		= TCP_TIME_WAIT,
	XTCP_CLOSED		= TCP_CLOSE,
	XTCP_CLOSE_WAIT		= TCP_CLOSE_WAIT,
	XTCP_LAST_ACK		= TCP_LAST_ACK,
	XTCP_LISTEN		= TCP_LISTEN,
	XTCP_CLOSING		= TCP_CLOSING,
	XTCP_STATES		= TCP_CLOSING + 1,
};

/* Of the peer's urgent text, the last octet: the one before RCV.UP. */
enum xtcp_urgent {
	XTCP_URGENT_NONE,	/* never announced, or the user has read past it */
	XTCP_URGENT_AWAITED,	/* announced */
	XTCP_URGENT_HERE,
	XTCP_URGENT_READ,	/* out of band (MSG_OOB) */
};

struct xtcp_tcb {
	u8	state;			/* enum xtcp_state */

	u8	passive : 1,		/* opened by a listener */
		close_queued : 1,	/* closed before the handshake was complete */
		fin_sent : 1,		/* our FIN is the octet before snd_nxt */
		rcv_closed : 1,		/* the user takes no more text */
		rst_ignored : 1,	/* TIME_WAIT outlives RST (RFC 1337) */
		ts_ok : 1,		/* timestamps in use (RFC 7323) */
		wscale_ok : 1,		/* window scaling in use */
		sack_ok : 1;		/* SACK permitted both ways (RFC 2018) */

	u8	snd_wscale;		/* Snd.Wind.Shift */
	u8	rcv_wscale;		/* Rcv.Wind.Shift */
	u16	snd_mss;		/* what the peer announced; until then the default */
	u8	rcv_urgent;		/* enum xtcp_urgent; rcv_up counts unless NONE */
	bool	snd_urgent;		/* urgent text unacknowledged: snd_up counts */

	/* Send sequence variables */
	u32	iss;
	u32	snd_una;
	u32	snd_nxt;
	u32	snd_wnd;		/* bytes, already scaled */
	u32	snd_wl1;
	u32	snd_wl2;
	u32	snd_wnd_max;		/* MAX.SND.WND (RFC 5961 section 5) */
	u32	snd_up;			/* behind the urgent text (RFC 6093) */

	/* Receive sequence variables */
	u32	irs;
	u32	rcv_nxt;
	/*
	 * Right edge of all windows that were announced: RCV.NXT + RCV.WND, what is taken.
	 * From free memory when a header was written (window.c), never back. On the wire
	 * less by what scaling cannot express, and by what rcv.no_memory takes back.
	 */
	u32	rcv_adv;
	u32	rcv_up;			/* behind the urgent text (RFC 6093) */

	/* Timestamps (RFC 7323 section 4.3) */
	u32	ts_recent;		/* TS.Recent */
	u32	last_ack_sent;		/* Last.ACK.sent */
	u64	ts_recent_us;		/* when ts_recent was taken */
	u64	paws_idle_us;		/* ts_recent older than this is invalid; 0: no PAWS */
};

/* RCV.WND: what is left of the advertised window, bytes. */
static inline u32 xtcp_tcb_rcv_wnd(const struct xtcp_tcb *tcb)
{
	return xtcp_seq_gt(tcb->rcv_adv, tcb->rcv_nxt) ?
		tcb->rcv_adv - tcb->rcv_nxt : 0;
}

/* Our SYN is not acknowledged: it is the octet at SND.UNA. 1 or 0. */
static inline u32 xtcp_tcb_syn_under_way(const struct xtcp_tcb *tcb)
{
	return tcb->state == XTCP_SYN_RCVD;
}

/* A segment as it arrived, in host order. */
struct xtcp_segment {
	u32	seq;			/* SEG.SEQ */
	u32	ack;			/* SEG.ACK */
	u32	text_len;		/* octets of text, SYN and FIN not counted */
	u32	wnd;			/* SEG.WND, as on the wire: not scaled */
	u16	up;			/* SEG.UP, from SEG.SEQ */
	u8	ctl;			/* enum xtcp_control */
	struct xtcp_options opt;
};

/* SEG.LEN: SYN and FIN count (RFC 9293 3.4). */
static inline u32 xtcp_segment_len(const struct xtcp_segment *seg)
{
	return seg->text_len + !!(seg->ctl & XTCP_SYN) + !!(seg->ctl & XTCP_FIN);
}

/* The timestamp that was agreed on (RFC 7323 3.2) is not there. */
static inline bool xtcp_tcb_lacks_timestamp(const struct xtcp_tcb *tcb,
					    const struct xtcp_segment *seg)
{
	return tcb->ts_ok && !seg->opt.has_ts && !(seg->ctl & XTCP_RST);
}

/* What to send in answer. */
enum xtcp_reply {
	XTCP_REPLY_NONE,
	XTCP_REPLY_ACK,			/* at once */
	XTCP_REPLY_CHALLENGE,		/* ACK, within the challenge limit (RFC 5961) */
	XTCP_REPLY_SYN_ACK,
	XTCP_REPLY_RST,			/* segment/reset.c forms it from the segment */
};

/* What happened, for the caller to carry out. */
enum xtcp_event {
	XTCP_EV_NEW_SYN		= 1 << 0,  /* LISTEN: make a request */
	XTCP_EV_ESTABLISHED	= 1 << 1,  /* the handshake is complete */
	XTCP_EV_ACKED		= 1 << 2,  /* snd_una advanced by acked; not by our SYN alone */
	XTCP_EV_DUPACK		= 1 << 3,  /* a duplicate by RFC 5681 section 2 */
	XTCP_EV_WINDOW		= 1 << 4,  /* snd_wnd was updated */
	XTCP_EV_TEXT		= 1 << 5,  /* text in order: rcv_nxt is past it */
	XTCP_EV_OUT_OF_ORDER	= 1 << 6,  /* text (or FIN) ahead of rcv_nxt */
	XTCP_EV_FIN		= 1 << 7,  /* the peer's FIN was reached */
	XTCP_EV_RESET		= 1 << 8,  /* connection gone; error says why */
	XTCP_EV_TW_RESTART	= 1 << 9,  /* TIME_WAIT: 2MSL begins anew */
	XTCP_EV_TW_REUSE	= 1 << 10, /* TIME_WAIT: the SYN opens a new life */
	XTCP_EV_SYN_AGAIN	= 1 << 11, /* our RST ended an old life: the SYN has room */
	XTCP_EV_URGENT		= 1 << 12, /* rcv_up is new, or further on */
};

struct xtcp_verdict {
	u8	state;			/* afterwards; the caller sets it */
	u8	reply;			/* enum xtcp_reply */
	u16	events;			/* enum xtcp_event */
	u16	drop;			/* enum xtcp_drop, 0: not dropped */
	int	error;			/* for sk_err, positive errno */
	u32	acked;			/* octets of sequence space, a SYN among them */
	u32	text_seq;		/* the text to keep, trimmed to the window */
	u32	text_len;
	bool	text_fin;		/* out of order: a FIN follows this text */
};

/**
 * xtcp_segment_arrives() - RFC 9293 section 3.10.7, SEGMENT ARRIVES
 * @tcb: the connection; changed in place, except @tcb->state
 * @seg: the segment
 * @now_us: the time, microseconds of any monotonic clock
 * @v: filled with the verdict
 *
 * Pure: sends, allocates and locks nothing, reads no clock. Any context; the
 * caller owns @tcb (socket lock, request lock, or a copy on the stack).
 */
void xtcp_segment_arrives(struct xtcp_tcb *tcb, const struct xtcp_segment *seg,
			  u64 now_us, struct xtcp_verdict *v);

/**
 * xtcp_segment_predict() - a short way for the usual segments
 * @tcb: the connection; changed in place, if true is returned
 * @seg: the segment
 * @now_us: the time, as for xtcp_segment_arrives()
 * @v: filled with the verdict, if true is returned
 *
 * ESTABLISHED, and @seg is the next one with nothing but text and an ACK. Pure.
 *
 * Return: true, and @tcb and @v are what xtcp_segment_arrives() would have made of them;
 * or false, and nothing was changed.
 */
bool xtcp_segment_predict(struct xtcp_tcb *tcb, const struct xtcp_segment *seg, u64 now_us,
			  struct xtcp_verdict *v);

/**
 * xtcp_fin_arrives() - eighth step of 3.10.7.4 alone
 * @tcb: the connection; rcv_nxt stands at the FIN
 * @v: verdict in progress: @v->state is where the walk stands
 *
 * For a FIN that waited in the out-of-order queue.
 */
void xtcp_fin_arrives(struct xtcp_tcb *tcb, struct xtcp_verdict *v);

#endif
