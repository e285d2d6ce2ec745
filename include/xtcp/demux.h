/* SPDX-License-Identifier: GPL-2.0 */
/* From the families to the flows: wire/demux.c. */
#ifndef _XTCP_DEMUX_H
#define _XTCP_DEMUX_H

#include <xtcp/af.h>

struct xtcp_icmp;

/* Is the whole header there, and linear? Reloads no pointers of the caller. */
bool xtcp_demux_header(struct sk_buff *skb);

/**
 * xtcp_demux_segment() - give a segment to its flow
 * @xn: namespace
 * @af: its family
 * @skb: header checked, checksum good; eaten
 * @key: its addresses and ports
 *
 * Context: softirq, rcu_read_lock() held.
 */
void xtcp_demux_segment(struct xtcp_net *xn, const struct xtcp_af_ops *af,
			struct sk_buff *skb, const struct xtcp_flow_key *key);

/**
 * xtcp_demux_icmp() - tell a flow what ICMP says about it
 * @flow: from a lookup with the quoted header
 * @key: of that lookup
 * @icmp: the message
 *
 * Context: softirq, rcu_read_lock() held, no locks.
 */
void xtcp_demux_icmp(struct xtcp_flow *flow, const struct xtcp_flow_key *key,
		     const struct xtcp_icmp *icmp);

/**
 * xtcp_demux_backlog() - a segment that waited while the user held the socket
 * @sk: socket, locked
 * @skb: eaten
 *
 * proto->backlog_rcv. Context: process. Return: 0.
 */
int xtcp_demux_backlog(struct sock *sk, struct sk_buff *skb);

#endif
