/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a segment does and how one is made: engine/input.c, receive.c, window.c,
 * recovery.c, icmp.c (output.c has a header of its own). All of it under the socket lock unless said otherwise.
 */
#ifndef _XTCP_ENGINE_H
#define _XTCP_ENGINE_H

#include <xtcp/tcb.h>

struct sk_buff;
struct sock;
struct xtcp_flow;
struct xtcp_net;
struct xtcp_sock;

/* engine/input.c */

/**
 * xtcp_input_parse() - read the header of @skb into @seg
 * @skb: header pulled, transport header set, skb->len is the whole segment
 * @seg: filled
 *
 * Also fills XTCP_SKB_CB(@skb)->seq, end_seq and ctl. Any context.
 */
void xtcp_input_parse(struct sk_buff *skb, struct xtcp_segment *seg);
/* A segment for a connected or connecting socket. Eats @skb; proto->backlog_rcv. */
int xtcp_input_segment(struct sock *sk, struct sk_buff *skb);
/* The socket is in FIN_WAIT_2 and no one owns it: how long does it stay? */
void xtcp_input_fin_wait_2(struct sock *sk);
/* Count and free a dropped segment. Any context. */
void xtcp_input_drop(struct xtcp_net *xn, struct sk_buff *skb, unsigned int drop);

/* engine/receive.c: text into the receive queue, in and out of order */
/* Charge @skb to the socket; makes room if it must. False: no memory. */
bool xtcp_receive_admit(struct sock *sk, struct sk_buff *skb);
/* Queue the text of the verdict; what the gap kept back follows. Eats @skb. */
void xtcp_receive_text(struct sock *sk, struct sk_buff *skb, struct xtcp_verdict *v);
void xtcp_receive_purge_ooo(struct sock *sk);

/* engine/window.c */
u32 xtcp_window_initial(const struct sock *sk, bool scaling, u8 *wscale);
u16 xtcp_window_select(struct sock *sk);
void xtcp_window_update(struct sock *sk);	/* the user read: tell the peer? */
void xtcp_window_autotune(struct sock *sk);	/* the user read: grow the buffer? */

/* engine/recovery.c */
void xtcp_recovery_acked(struct sock *sk, u32 acked);
void xtcp_recovery_dupack(struct sock *sk);
void xtcp_recovery_timeout(struct sock *sk);
/* Send again what is known lost, as far as cwnd allows. */
void xtcp_recovery_push(struct sock *sk);
/* Octets on their way, by our best knowledge. */
u32 xtcp_recovery_pipe(const struct xtcp_sock *xs);

/* engine/icmp.c: what routers say. Softirq, RCU, no locks held. */
void xtcp_icmp_error(struct xtcp_flow *flow, u32 seq, int error, bool hard);
void xtcp_icmp_pmtu(struct xtcp_flow *flow, u32 seq, u32 mtu);
void xtcp_icmp_pmtu_deferred(struct sock *sk);	/* from release_cb */

#endif
