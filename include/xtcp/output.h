/* SPDX-License-Identifier: GPL-2.0 */
/* Making segments: engine/output.c. Under the socket lock unless said otherwise. */
#ifndef _XTCP_OUTPUT_H
#define _XTCP_OUTPUT_H

#include <linux/skbuff.h>
#include <xtcp/options.h>
#include <xtcp/tcb.h>

struct dst_entry;
struct sock;
struct xtcp_af_ops;
struct xtcp_sock;

/**
 * xtcp_output_alloc() - an empty skb for a send queue
 * @sk: socket, locked; charged
 * @gfp: may it sleep?
 * @force: whatever the limits of sockets say
 *
 * Return: with XTCP_HEADROOM reserved; NULL without memory.
 */
struct sk_buff *xtcp_output_alloc(struct sock *sk, gfp_t gfp, bool force);
/* Give back an skb of the send or retransmission queue (already unlinked). */
void xtcp_output_free(struct sock *sk, struct sk_buff *skb);

/* These, and probes: false where this machine refused to send it, its queues being full. */
bool xtcp_output_syn(struct sock *sk);
/* The first one: @cookie goes along unless NULL, and the text that is queued as sent. */
void xtcp_output_first_syn(struct sock *sk, const struct xtcp_fastopen_cookie *cookie);
bool xtcp_output_syn_ack(struct sock *sk);
/* With @cookie (Fast Open). */
bool xtcp_output_syn_ack_cookie(struct sock *sk, const struct xtcp_fastopen_cookie *cookie);
/* One that this machine refused to send goes soon; no later than the next one does. */
void xtcp_output_ack(struct sock *sk);
/*
 * An old sequence number without text: the peer must answer with an ACK. What
 * is urgent is told as well, by a segment the peer may take (RFC 9293 3.8.6.1).
 */
bool xtcp_output_probe(struct sock *sk);
/* @why, an abort, is for the tracepoint: the caller counts it. */
void xtcp_output_rst(struct sock *sk, enum xtcp_counter why);
/**
 * xtcp_output_fin() - put a FIN behind all text and send what may be sent
 * @sk: socket, locked, whose state says already that it closes
 *
 * Does nothing the second time. Context: process; waits for memory.
 */
void xtcp_output_fin(struct sock *sk);
/**
 * xtcp_output_push() - send what windows, Nagle and MSS allow
 * @sk: socket, locked, in any state
 *
 * Lost segments first (RFC 5681), then new text (RFC 9293 3.7.4, 3.8.6.2.1).
 * Arms the persist timer when something waits and nothing is on its way.
 */
void xtcp_output_push(struct sock *sk);
/* Persist timer: send what fits into the window; false if nothing does (3.8.6.1). */
bool xtcp_output_override(struct sock *sk);
/**
 * xtcp_output_retransmit() - send a segment again
 * @sk: socket, locked
 * @skb: in snd.rtx_queue; split if it is longer than the MSS is now
 *
 * Return: 0; else it is kept here, and its skb says so: -EBUSY while the copy before
 * still waits in this machine; -ENOBUFS where its queues are full; -ENOMEM.
 */
int xtcp_output_retransmit(struct sock *sk, struct sk_buff *skb);

/**
 * xtcp_output_clean() - drop from the retransmission queue what is acknowledged
 * @sk: socket; tcb.snd_una has moved
 * @sent_ns: set to when the oldest of them was sent; 0 if Karn forbids its use, for one
 *	of them was sent twice
 *
 * Return: so many segments.
 */
u32 xtcp_output_clean(struct sock *sk, u64 *sent_ns);
/* cwnd has grown: let the send buffer follow, unless the user fixed it. */
void xtcp_output_grow_buffer(struct sock *sk);
/* Text per segment from the path MTU, the peer's MSS, the options. */
void xtcp_output_sync_mss(struct sock *sk, u32 pmtu);
/* The MSS option to announce over @dst (RFC 9293 3.7.1). */
u16 xtcp_output_announced_mss(const struct sock *sk, const struct xtcp_af_ops *af,
			      const struct dst_entry *dst);
/* What holds the sender back from now on; for TCP_INFO. */
void xtcp_output_limit(struct xtcp_sock *xs, u8 limit);
/* Throw away everything unsent and unacknowledged. */
void xtcp_output_purge(struct sock *sk);

#if IS_ENABLED(CONFIG_KUNIT)
extern unsigned int xtcp_output_starve;	/* so many segments without text find no memory */
#endif

#endif
