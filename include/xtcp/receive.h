/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text on its way to the user: queues in engine/receive.c, windows in
 * engine/window.c. All under the socket lock, softirq or process.
 */
#ifndef _XTCP_RECEIVE_H
#define _XTCP_RECEIVE_H

#include <xtcp/tcb.h>

struct sk_buff;
struct sock;

/**
 * xtcp_receive_admit() - charge an incoming segment to its socket, if there is room
 * @sk: socket
 * @skb: with text or FIN
 *
 * Nothing is lost by it: @skb may be anyone's. Return: false if there is none.
 */
bool xtcp_receive_admit(struct sock *sk, struct sk_buff *skb);

/**
 * xtcp_receive_make_room() - the same for a segment that will be queued
 * @sk: socket
 * @skb: with text or FIN, found to be the peer's
 * @v: the verdict on it: with XTCP_EV_TEXT or XTCP_EV_OUT_OF_ORDER
 *
 * Copies small segments together, throws away what is farther from order than @skb. In
 * order it was promised room when its window was announced: refused only when memory has
 * run out, and not even then if nothing is queued. Return: false: no room.
 */
bool xtcp_receive_make_room(struct sock *sk, struct sk_buff *skb,
			    const struct xtcp_verdict *v);

/**
 * xtcp_receive_text() - queue the text a verdict accepted
 * @sk: socket
 * @skb: admitted; eaten
 * @v: with XTCP_EV_TEXT or XTCP_EV_OUT_OF_ORDER; text and FIN that waited
 *     behind the gap now closed are added to it
 */
void xtcp_receive_text(struct sock *sk, struct sk_buff *skb, struct xtcp_verdict *v);

/* Octets in order that the user has not read, urgent or not. Without the lock: a glance. */
u32 xtcp_unread(const struct sock *sk);

/**
 * xtcp_receive_enough() - need a reader wait no longer?
 * @sk: socket
 * @target: octets that he waits for (SO_RCVLOWAT), at least 1
 *
 * No longer either when more cannot come before he reads. Without the lock: a glance.
 */
bool xtcp_receive_enough(const struct sock *sk, u32 target);

/* Text came: wake who reads or polls, if that is enough for anyone. Socket lock. */
void xtcp_receive_wake(struct sock *sk);

/* Does the user stand before the urgent octet? Without the lock: a glance. */
bool xtcp_receive_at_mark(const struct sock *sk);

/**
 * xtcp_receive_consume() - the user has read on, or must not read it any more
 * @sk: socket
 * @seq: next octet to read; what precedes it is freed
 *
 * Past the mark there is nothing urgent any more.
 */
void xtcp_receive_consume(struct sock *sk, u32 seq);

/* Memory is short: throw away what is ahead of order. */
void xtcp_receive_give_up_ooo(struct sock *sk);
/* The connection needs it no more: the same. */
void xtcp_receive_purge_ooo(struct sock *sk);
/* No one will read any more: throw away all that is queued. */
void xtcp_receive_purge(struct sock *sk);

/**
 * xtcp_window_initial() - the window and shift our SYN or SYN-ACK announces
 * @sk: socket or listener
 * @scaling: the shift may be other than 0 (RFC 7323 2.2)
 * @wscale: set to Rcv.Wind.Shift, for the largest buffer autotuning allows
 *
 * Return: octets, at most 65535.
 */
u32 xtcp_window_initial(const struct sock *sk, bool scaling, u8 *wscale);

/**
 * xtcp_window_by_route() - what is left of it where the route says so
 * @sk: socket or listener
 * @dst: its route: "window" and "initrwnd" of ip-route(8)
 * @mss: the one we announce
 * @wnd: xtcp_window_initial()
 */
u32 xtcp_window_by_route(const struct sock *sk, const struct dst_entry *dst, u32 mss,
			 u32 wnd);
/* From now on text comes: room for as much as the route says, if it says so (initrwnd). */
void xtcp_window_begin(struct sock *sk);

/* @text octets were queued, and what is charged for that is @weight. */
void xtcp_window_weigh(struct sock *sk, u32 text, u32 weight);

/* The window of an empty receive buffer. */
u32 xtcp_window_largest(const struct sock *sk);

/**
 * xtcp_window_select() - SEG.WND of the segment about to be sent
 * @sk: socket; tcb.rcv_adv, last_ack_sent and rcv.acked_seq move along
 *
 * RFC 9293 3.8.6.2.2. Return: the field, scaled, rounded down.
 */
u16 xtcp_window_select(struct sock *sk);

/*
 * RCV.WND as the peer knows it: what scaling cannot express he does not, and nothing of
 * what memory cannot hold. Without the lock: a glance.
 */
u32 xtcp_window_seen(const struct sock *sk);

/* The user read: has the window grown enough to be worth a segment of its own? */
bool xtcp_window_worth_telling(struct sock *sk);

/* The user read: let the buffer grow with the bandwidth-delay product. */
void xtcp_window_autotune(struct sock *sk);

#endif
