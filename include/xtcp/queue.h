/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The send queues: engine/queue.c, which alone touches their links. Under the socket lock.
 *
 * What was not sent yet is a list, sk_write_queue; what was, and is not acknowledged, a
 * tree by sequence number, tcp_rtx_queue of struct sock. An skb has text of many segments:
 * into how many it is cut on the wire is said when it goes (struct xtcp_skb_cb.mss). It is
 * split where a window ends inside, or only a part of it is to be sent again.
 */
#ifndef _XTCP_QUEUE_H
#define _XTCP_QUEUE_H

#include <linux/skbuff.h>

struct sock;
struct xtcp_sock;

/* What holds a sender back: who has text queued or on its way. */
enum xtcp_limit {
	XTCP_LIMIT_IDLE,		/* nothing: there is no text */
	XTCP_LIMIT_BUSY,		/* the network, Nagle */
	XTCP_LIMIT_RWND,		/* the peer's window */
	XTCP_LIMIT_SNDBUF,		/* our own buffer */
	XTCP_LIMITS,
};

/* Sending: written by engine/ and, what the user sets, by socket/. Socket lock. */
struct xtcp_send {
	u32 write_seq;			/* next octet the user will write */
	u32 small_seq;			/* end of the last segment below MSS */
	u32 segments_out;		/* sent, not acknowledged; an skb is as many as it is cut into */
	/*
	 * Octets of text a segment may carry now (xtcp_mss_sync()). From pmtu,
	 * mss_clamp, tcb.snd_mss, tcb.ts_ok, IP options, mss_wnd_max, mss_floor: whoever
	 * changes one, or finds it changed before sending, derives it anew. And from it
	 * cong.mss, its copy, and the windows (xtcp_cong_set_mss()).
	 */
	u16 mss;
	u16 mss_clamp;			/* TCP_MAXSEG, 0: none */
	u16 mss_floor;			/* min_snd_mss when mss was derived */
	u16 goal;			/* octets that an skb takes: whole segments (mss.c) */
	u32 pmtu;			/* of the route, when it was used last */
	u32 mss_wnd_max;		/* tcb.snd_wnd_max when mss was derived */
	u8 nodelay : 1,			/* TCP_NODELAY */
	   cork : 1,			/* TCP_CORK */
	   more : 1,			/* in send(): there is more, or will be (MSG_MORE) */
	   fin_queued : 1,		/* the FIN is in a queue */
	   other_seq : 1;		/* the peer repeats itself: see acceptable_seq() */
	bool starved;			/* no memory for more until some is acknowledged */
	u8 limit;			/* enum xtcp_limit, now */
	u32 limit_since;		/* and since when, jiffies */
};

/**
 * xtcp_queue_alloc() - an empty skb for a send queue
 * @sk: socket, locked; charged
 * @gfp: may it sleep?
 * @force: whatever the limits of sockets say
 *
 * Return: with XTCP_HEADROOM reserved; NULL without memory.
 */
struct sk_buff *xtcp_queue_alloc(struct sock *sk, gfp_t gfp, bool force);
/* An skb with nothing in it yet, from xtcp_queue_alloc(), becomes the last of what is unsent. */
void xtcp_queue_append(struct sock *sk, struct sk_buff *skb);
/* The last of what is unsent goes, and its charge. */
void xtcp_queue_drop_last(struct sock *sk);
/* @skb, the first unsent, goes now, in segments of snd.mss: it is among the sent. */
void xtcp_queue_sent(struct sock *sk, struct sk_buff *skb);
/* The same of @skb, that was sent before, in segments that may be others. */
void xtcp_queue_sent_again(struct sock *sk, struct sk_buff *skb);
/**
 * xtcp_queue_split() - leave @len octets in @skb, the rest behind it
 * @sk: socket
 * @skb: to be split, sent or not
 * @len: less than it has
 *
 * What must go goes, also when a path became too narrow for it: no limit stops that.
 * Return: 0 or -ENOMEM.
 */
int xtcp_queue_split(struct sock *sk, struct sk_buff *skb, u32 len);

/* The segments that @skb, which was sent, was cut into; a FIN alone is one. */
u32 xtcp_queue_segments(const struct sk_buff *skb);

/* The first and last that was not sent; NULL: there is none. */
static inline struct sk_buff *xtcp_queue_unsent(const struct sock *sk)
{
	return skb_peek(&sk->sk_write_queue);
}

static inline struct sk_buff *xtcp_queue_last_unsent(const struct sock *sk)
{
	return skb_peek_tail(&sk->sk_write_queue);
}

/* The oldest that was sent and is not acknowledged, and what follows it; NULL: none does. */
static inline struct sk_buff *xtcp_queue_oldest(const struct sock *sk)
{
	return skb_rb_first(&sk->tcp_rtx_queue);
}

static inline struct sk_buff *xtcp_queue_next(struct sk_buff *skb)
{
	return skb_rb_next(skb);
}

/**
 * xtcp_queue_clean() - drop from what was sent what is acknowledged
 * @sk: socket; tcb.snd_una has moved
 * @sent_ns: set to when the oldest of them was sent; 0 if Karn forbids its use, for one
 *	of them was sent twice
 *
 * Return: so many segments.
 */
u32 xtcp_queue_clean(struct sock *sk, u64 *sent_ns);
/* cwnd has grown: let the send buffer follow, unless the user fixed it. */
void xtcp_queue_grow_buffer(struct sock *sk);
/* What holds the sender back from now on; for TCP_INFO. */
void xtcp_queue_limit(struct xtcp_sock *xs, u8 limit);
/* Throw away everything unsent and unacknowledged. */
void xtcp_queue_purge(struct sock *sk);

#endif
