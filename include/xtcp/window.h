/* SPDX-License-Identifier: GPL-2.0 */
/* The receive window: engine/window.c. Socket lock, softirq or process. */
#ifndef _XTCP_WINDOW_H
#define _XTCP_WINDOW_H

#include <linux/types.h>

struct dst_entry;
struct sock;

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
