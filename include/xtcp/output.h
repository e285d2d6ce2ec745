/* SPDX-License-Identifier: GPL-2.0 */
/* Making segments: engine/output.c. Under the socket lock unless said otherwise. */
#ifndef _XTCP_OUTPUT_H
#define _XTCP_OUTPUT_H

#include <linux/skbuff.h>
#include <xtcp/options.h>
#include <xtcp/tcb.h>

struct sock;

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
 * xtcp_output_text() - send a copy of a segment, which stays in its queue
 * @sk: socket, locked
 * @skb: with text or FIN, in segments of its cb's mss
 *
 * Return: false where this machine refused it, its queues being full or memory short.
 */
bool xtcp_output_text(struct sock *sk, struct sk_buff *skb);
/**
 * xtcp_output_retransmit() - send a segment again
 * @sk: socket, locked
 * @skb: among what was sent
 * @len: so much of it, as far as one skb may go now; the rest is split off, and stays
 *
 * Return: 0; else it is kept here, and its skb says so: -EBUSY while the copy before
 * still waits in this machine; -ENOBUFS where its queues are full; -ENOMEM.
 */
int xtcp_output_retransmit(struct sock *sk, struct sk_buff *skb, u32 len);

#ifdef XTCP_KUNIT
extern unsigned int xtcp_output_starve;	/* so many segments without text find no memory */
#endif

#endif
