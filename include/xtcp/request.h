/* SPDX-License-Identifier: GPL-2.0 */
/* The half-open connection, SYN_RCVD of a listener: open/request.c. */
#ifndef _XTCP_REQUEST_H
#define _XTCP_REQUEST_H

#include <linux/skbuff.h>
#include <xtcp/af.h>
#include <xtcp/fifo.h>
#include <xtcp/listener.h>
#include <xtcp/tcb.h>

struct sock;

struct xtcp_request {
	struct xtcp_flow flow;
	struct xtcp_fifo_entry wait;	/* for the next SYN-ACK */
	struct xtcp_listener *listener;	/* alive while the request is hashed, and under RCU */
	u32 iss;
	u32 irs;
	u32 ts_recent;
	u32 ts_offset;
	u32 mark;
	u16 rcv_wnd;			/* advertised in the SYN-ACK */
	u16 snd_mss;			/* the peer's MSS option */
	u8 retransmits;
	u8 cookie;			/* not in any table: enum xtcp_cookie_carried; or 0 */
	u16 answered;			/* invalid segments: xtcp_limit_answer() */
	u32 txhash;			/* of transmission: SYN-ACKs and then the child's */
};

static inline struct xtcp_net *xtcp_request_net(const struct xtcp_request *req)
{
	return xtcp_net(read_pnet(&req->flow.net));
}

static inline const struct xtcp_af_ops *xtcp_request_af(const struct xtcp_request *req)
{
	return xtcp_af_ops(req->flow.family);
}

/* One on the stack, with the room for its addresses in front; all zero at first. */
struct xtcp_request_alone {
	struct xtcp_addrs6 addrs6;
	struct xtcp_request req;
};

/* The headers of a SYN, behind its request and then with the child. */
struct xtcp_saved_syn {
	u32 len;
	u8 data[];
};

/* A knob about SYN-ACKs changed: look again which are due. */
void xtcp_request_kick(struct xtcp_net *xn);
/* Requests of @l may come, before it is in any table. */
void xtcp_request_listen(struct xtcp_listener *l);
/* No more of them; those there are go. Process context; sleeps. */
void xtcp_request_unlisten(struct xtcp_listener *l);
/**
 * xtcp_request_retries_in() - SYN-ACKs that are sent again within some time
 * @sk: listener, for its RTO
 * @ms: how long, > 0
 *
 * Return: 1..255: by the last of them, @ms have passed.
 */
u8 xtcp_request_retries_in(const struct sock *sk, u64 ms);
/* The inverse: how long @retries take. */
u64 xtcp_request_retries_ms(const struct sock *sk, u8 retries);
/* Time to the next SYN-ACK, for /proc. RCU. */
u64 xtcp_request_left_ns(const struct xtcp_request *req);

/**
 * xtcp_request_new() - a SYN is welcome: make a request, send its SYN-ACK
 * @listener: whom it is for
 * @skb: the SYN; eaten
 * @key: its addresses
 * @seg: its header
 * @iss: our ISN, or 0 for ISN = M + F
 *
 * RFC 9293 3.10.7.2. Softirq, RCU.
 */
void xtcp_request_new(struct xtcp_listener *listener, struct sk_buff *skb,
		      const struct xtcp_flow_key *key,
		      const struct xtcp_segment *seg, u32 iss);
/* Someone leaves a full queue; false: no one there may be asked to. Softirq, RCU. */
bool xtcp_request_make_room(struct xtcp_listener *l);
/* A segment for a request, with @key. Softirq, RCU. Eats @skb. */
void xtcp_request_input(struct xtcp_request *req, struct sk_buff *skb,
			const struct xtcp_flow_key *key);
/* Take @req out of everything, count @why and free it, unless someone else does. */
void xtcp_request_drop(struct xtcp_request *req, enum xtcp_counter why);

/* For open/cookie.c, whose requests are in no table and on the stack. */

/* Of the options of a SYN, leave those that we agree to by our knobs. */
void xtcp_request_agree(const struct xtcp_net *xn, struct xtcp_options *opt);
/**
 * xtcp_request_fill() - all of a request but ISN and queues
 * @req: zero but for req->cookie
 * @listener: whom it is for
 * @skb: the segment, for its mark
 * @key: its addresses
 * @irs: the peer's ISN
 * @opt: the options agreed on
 */
void xtcp_request_fill(struct xtcp_request *req, struct xtcp_listener *listener,
		       const struct sk_buff *skb, const struct xtcp_flow_key *key,
		       u32 irs, const struct xtcp_options *opt);
/* The second segment; takes @dst. */
void xtcp_request_send_syn_ack(const struct xtcp_request *req, struct dst_entry *dst);
/* What a segment for @req meets (RFC 9293 3.10.7.4): a control block in SYN_RCVD. */
void xtcp_request_expand(const struct xtcp_request *req, struct xtcp_tcb *tcb);
/* The window that is announced over @dst (ip-route(8)). */
u16 xtcp_request_window(const struct xtcp_request *req, const struct dst_entry *dst);
/* Out of its queue, and gone. It is unhashed, by the caller alone. */
void xtcp_request_release(struct xtcp_request *req);
int xtcp_request_cache_init(void);
void xtcp_request_cache_exit(void);

#endif
