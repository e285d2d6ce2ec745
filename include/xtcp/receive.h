/* SPDX-License-Identifier: GPL-2.0 */
/* Text on its way to the user: engine/receive.c. Socket lock, softirq or process. */
#ifndef _XTCP_RECEIVE_H
#define _XTCP_RECEIVE_H

#include <linux/rbtree.h>
#include <xtcp/tcb.h>

struct sk_buff;
struct sock;

/* The share of text in what is charged for it, before any came: one half. */
#define XTCP_RATIO_DEFAULT 128

/* Receiving: written by engine/input.c, receive.c and window.c. Socket lock. */
struct xtcp_receive {
	/* Also whoever sends looks at these. */
	u64 kept_ns;			/* since when ACKs stay here, refused; 0: they go */
	u32 acked_seq;			/* rcv_nxt in the last ACK we sent */
	u16 mss;			/* of the peer's full segments, from all that come */
	u16 last_len;			/* of the last one's text */
	u8 quick_acks;			/* ACK that many at once, undelayed */
	u8 quick_aside;			/* of them, while someone is about to answer */
	u8 urgent_octet;		/* valid when tcb.rcv_urgent says HERE */
	bool ack_deferred;		/* until all that waited has been processed */
	/*
	 * Text in order found no memory, whose window was announced: 0 is said now, until
	 * there is some (window.c). From the charge that was refused (receive.c).
	 */
	bool no_memory;
	u8 ratio;			/* of text to its weight, 256ths: from the last full... */

	struct rb_root ooo;		/* ahead of rcv_nxt, by seq; may overlap */
	u32 copied_seq;			/* next octet the user will read */
	u32 wanted;			/* unread octets that a sleeping recv() needs; or max */
	struct {
		u32 text;		/* ...count of octets queued */
		u32 weight;		/* and of what was charged for them */
	} lately;
	u32 compact_seq;		/* so far the queue gets no smaller by copying */
	u32 tune_seq;			/* copied_seq when autotuning last looked */
	u32 tune_us;			/* and when that was: an hour later, perhaps once more */
	u32 space;			/* most the user read in a round trip; from it sk_rcvbuf */
	u32 rtt_us;			/* how long a window took to come, 0: none did */
	u32 rtt_seq;			/* end of the window being timed */
	u32 rtt_since;			/* since when, jiffies */
	__be32 peer_label;		/* IPv6 flow label of the last text */
};

/*
 * The first segments of a connection are acknowledged at once; but not where an answer is
 * to be expected, which tells it as well: of a child until it is accepted, while any text
 * wakes a recv(), and once we sent text, until someone waits for more. Then the ACK waits
 * for that, but not long (timers.c).
 */
static inline void xtcp_receive_quick_aside(struct xtcp_receive *rcv)
{
	rcv->quick_aside = max(rcv->quick_aside, rcv->quick_acks);
	rcv->quick_acks = 0;
}

static inline void xtcp_receive_quick_again(struct xtcp_receive *rcv)
{
	rcv->quick_acks = max(rcv->quick_aside, rcv->quick_acks);
	rcv->quick_aside = 0;
}

/**
 * xtcp_receive_admit() - charge an incoming segment to its socket, if there is room
 * @sk: socket
 * @skb: with text or FIN
 *
 * Nothing is lost by it: @skb may be anyone's. Return: false if there is none.
 */
bool xtcp_receive_admit(struct sock *sk, struct sk_buff *skb);

/**
 * xtcp_receive_make_room() - the same for a segment that will be queued
 * @sk: socket
 * @skb: with text or FIN, found to be the peer's
 * @v: the verdict on it: with XTCP_EV_TEXT or XTCP_EV_OUT_OF_ORDER
 *
 * Copies small segments together, throws away what is farther from order than @skb. In
 * order it was promised room when its window was announced: refused only when memory has
 * run out, and not even then if nothing is queued. Return: false: no room.
 */
bool xtcp_receive_make_room(struct sock *sk, struct sk_buff *skb,
			    const struct xtcp_verdict *v);

/**
 * xtcp_receive_text() - queue the text a verdict accepted
 * @sk: socket
 * @skb: admitted; eaten
 * @v: with XTCP_EV_TEXT or XTCP_EV_OUT_OF_ORDER; text and FIN that waited
 *     behind the gap now closed are added to it
 */
void xtcp_receive_text(struct sock *sk, struct sk_buff *skb, struct xtcp_verdict *v);

/* Octets in order that the user has not read, urgent or not. Without the lock: a glance. */
u32 xtcp_unread(const struct sock *sk);

/**
 * xtcp_receive_enough() - need a reader wait no longer?
 * @sk: socket
 * @target: octets that he waits for (SO_RCVLOWAT), at least 1
 *
 * No longer either when more cannot come before he reads. Without the lock: a glance.
 */
bool xtcp_receive_enough(const struct sock *sk, u32 target);

/* Is what is unread enough for anyone? Socket lock. */
bool xtcp_receive_wakes(const struct sock *sk);

/* Text came: wake who reads or polls, if that is enough for anyone. Socket lock. */
void xtcp_receive_wake(struct sock *sk);

/* Does the user stand before the urgent octet? Without the lock: a glance. */
bool xtcp_receive_at_mark(const struct sock *sk);

/**
 * xtcp_receive_consume() - the user has read on, or must not read it any more
 * @sk: socket
 * @seq: next octet to read; what precedes it is freed
 *
 * Past the mark there is nothing urgent any more.
 */
void xtcp_receive_consume(struct sock *sk, u32 seq);

/* Memory is short: throw away what is ahead of order. */
void xtcp_receive_give_up_ooo(struct sock *sk);
/* The connection needs it no more: the same. */
void xtcp_receive_purge_ooo(struct sock *sk);
/* No one will read any more: throw away all that is queued. */
void xtcp_receive_purge(struct sock *sk);

#endif
