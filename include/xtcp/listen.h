/* SPDX-License-Identifier: GPL-2.0 */
/* A listener and its two queues: open/listen.c. */
#ifndef _XTCP_LISTEN_H
#define _XTCP_LISTEN_H

#include <linux/types.h>

struct sk_buff;
struct sock;
struct xtcp_flow_key;
struct xtcp_listener;
struct xtcp_segment;

/**
 * xtcp_listen_start() - listen(): CLOSED to LISTEN, or another backlog
 * @sk: socket, locked; bound to an ephemeral port if it has none
 * @backlog: of the accept queue, capped by the caller (somaxconn)
 *
 * Return: 0, -EADDRINUSE, -ENOMEM.
 */
int xtcp_listen_start(struct sock *sk, int backlog);

/**
 * xtcp_listen_stop() - take no more, drop requests, reset unaccepted children
 * @sk: socket, locked, in LISTEN; the state is the caller's to change
 *
 * Context: process.
 */
void xtcp_listen_stop(struct sock *sk);

/* More children than the backlog (which, as ever, admits one more). */
bool xtcp_listen_accept_full(const struct xtcp_listener *l);
/* No room for one more half-open connection. */
bool xtcp_listen_requests_full(const struct xtcp_listener *l);
/* Then a SYN is dropped: true, counted, and @skb eaten. Softirq. */
bool xtcp_listen_refuse(struct xtcp_listener *l, struct sk_buff *skb);
/* Would accept() return at once? Any context; @sk may be no listener any more. */
bool xtcp_listen_acceptable(const struct sock *sk);
/**
 * xtcp_listen_accept() - the oldest child, waited for unless O_NONBLOCK
 * @sk: listener, not locked
 * @flags: O_NONBLOCK
 * @err: -EAGAIN, -EINVAL, -EINTR or -ERESTARTSYS where there is none
 */
struct sock *xtcp_listen_accept(struct sock *sk, int flags, int *err);
/* False: @l closed meanwhile; @child is the caller's to end. Any context. */
bool xtcp_listen_queue_child(struct xtcp_listener *l, struct sock *child);
/* A segment for a listener that belongs to no flow. Softirq, RCU. Eats @skb. */
void xtcp_listen_input(struct xtcp_listener *l, struct sk_buff *skb,
		       const struct xtcp_flow_key *key);
/*
 * An acceptable SYN; @iss 0 asks for a fresh ISN, else it continues above the
 * numbers of a TIME_WAIT record (RFC 6191), whose place there always is: the
 * peer is no spoofed one. Softirq, RCU. Eats @skb.
 */
void xtcp_listen_syn(struct xtcp_listener *l, struct sk_buff *skb,
		     const struct xtcp_flow_key *key,
		     const struct xtcp_segment *seg, u32 iss);

#endif
