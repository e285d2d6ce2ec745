/* SPDX-License-Identifier: GPL-2.0 */
/* The send queues: engine/queue.c. Under the socket lock. */
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
	struct sk_buff_head rtx_queue;	/* sent, not acknowledged; socket lock */
	u32 write_seq;			/* next octet the user will write */
	u32 small_seq;			/* end of the last segment below MSS */
	/*
	 * Octets of text a segment may carry now (xtcp_mss_sync()). From pmtu,
	 * mss_clamp, tcb.snd_mss, tcb.ts_ok, IP options, mss_wnd_max, mss_floor: whoever
	 * changes one, or finds it changed before sending, derives it anew. And from it
	 * cong.mss, its copy, and the windows (xtcp_cong_set_mss()).
	 */
	u16 mss;
	u16 mss_clamp;			/* TCP_MAXSEG, 0: none */
	u16 mss_floor;			/* min_snd_mss when mss was derived */
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
/* Give back an skb of the send or retransmission queue (already unlinked). */
void xtcp_queue_free(struct sock *sk, struct sk_buff *skb);
/**
 * xtcp_queue_split() - leave @len octets in @skb, the rest behind it
 * @sk: socket
 * @queue: the one that @skb is in
 * @skb: to be split
 * @len: less than it has
 *
 * What must go goes, also when a path became too narrow for it: no limit stops that.
 * Return: 0 or -ENOMEM.
 */
int xtcp_queue_split(struct sock *sk, struct sk_buff_head *queue, struct sk_buff *skb,
		     u32 len);

/**
 * xtcp_queue_clean() - drop from the retransmission queue what is acknowledged
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
