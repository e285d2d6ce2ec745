/* SPDX-License-Identifier: GPL-2.0 */
/* Children of a listener: open/child.c. Softirq, RCU. */
#ifndef _XTCP_CHILD_H
#define _XTCP_CHILD_H

#include <linux/types.h>

struct dst_entry;
struct sk_buff;
struct sock;
struct xtcp_fastopen_cookie;
struct xtcp_flow;
struct xtcp_request;
struct xtcp_segment;

/**
 * xtcp_child_clone() - a copy of a listener's socket, to become a connection
 * @sk: the listener's socket, which may be another one by now: its options are taken,
 *	and nothing that says who or in which state it is
 * @flow: of the request: protocol and family of the connection
 *
 * Softirq, RCU. Return: locked, in SYN_RCVD, with a reference for us; or NULL.
 */
struct sock *xtcp_child_clone(struct sock *sk, const struct xtcp_flow *flow);
/* Unlock a child and give up that reference. */
void xtcp_child_unlock(struct sock *child);

/**
 * xtcp_child_open() - the third segment came: a child, for accept()
 * @req: what is known of the handshake
 * @held: the request in the flow table, whose place the child takes: @req itself,
 *	another one if @req comes from a cookie, or NULL
 * @skb: the segment; eaten
 * @seg: its header
 */
void xtcp_child_open(const struct xtcp_request *req,
		     struct xtcp_request *held, struct sk_buff *skb,
			       const struct xtcp_segment *seg);
/**
 * xtcp_child_open_at_once() - a SYN is enough
 * @req: just entered; gone afterwards
 * @skb: the SYN
 * @syn: its header
 * @dst: the way back; taken
 *
 * handshake_ways 2, the experiment: an old one, whose sender knows nothing of it any
 * more, leaves a connection behind that no one ends.
 */
void xtcp_child_open_at_once(struct xtcp_request *req, const struct sk_buff *skb,
			     const struct xtcp_segment *syn, struct dst_entry *dst);
/**
 * xtcp_child_open_early() - Fast Open: the child is there at once, in SYN_RCVD
 * @req: in no table
 * @skb: the SYN; eaten if a child is made
 * @syn: its header
 * @dst: the way back; taken then
 * @cookie: for the SYN-ACK
 *
 * Return: false: there is none, and what was to be taken is the caller's as before.
 */
bool xtcp_child_open_early(const struct xtcp_request *req, struct sk_buff *skb,
			   const struct xtcp_segment *syn, struct dst_entry *dst,
			   const struct xtcp_fastopen_cookie *cookie);

#endif
