/* SPDX-License-Identifier: GPL-2.0 */
/* A segment comes in: engine/input.c. */
#ifndef _XTCP_INPUT_H
#define _XTCP_INPUT_H

#include <xtcp/tcb.h>

struct sk_buff;
struct sock;

/* Where it came in: SO_INCOMING_NAPI_ID, busy polling, receive flow steering. */
void xtcp_input_mark(struct sock *sk, const struct sk_buff *skb);

/**
 * xtcp_input_segment() - a segment for a socket that is no listener
 * @sk: socket, locked; afterwards it may be CLOSED, and freed under RCU
 * @skb: header and checksum good; eaten
 *
 * RFC 9293 section 3.10.7. Softirq or process.
 */
void xtcp_input_segment(struct sock *sk, struct sk_buff *skb);

/* The last of the segments that waited for the user is processed: release_cb. */
void xtcp_input_ack_deferred(struct sock *sk);

/**
 * xtcp_input_established_by_syn() - a child is ESTABLISHED before its SYN-ACK
 * @sk: child, locked, in SYN_RCVD; sends that SYN-ACK
 * @syn: the SYN that made it
 *
 * For handshake_ways 2. Softirq.
 */
void xtcp_input_established_by_syn(struct sock *sk, const struct xtcp_segment *syn);

/**
 * xtcp_input_early() - a child is opened by its SYN (RFC 7413)
 * @sk: child, locked, in SYN_RCVD; sends the SYN-ACK
 * @skb: the SYN that made it; eaten
 * @syn: its header
 * @cookie: for the SYN-ACK
 *
 * Its text is there for the user. Softirq.
 */
void xtcp_input_early(struct sock *sk, struct sk_buff *skb,
		      const struct xtcp_segment *syn,
		      const struct xtcp_fastopen_cookie *cookie);

/**
 * xtcp_input_fin_wait_2() - nobody owns @sk, and it came to FIN_WAIT_2
 * @sk: socket, locked
 *
 * Waits for the peer's FIN as long as fin_timeout_ms or TCP_LINGER2 say; ends
 * it at once, with RST, where TCP_LINGER2 is negative.
 */
void xtcp_input_fin_wait_2(struct sock *sk);

#endif
