/* SPDX-License-Identifier: GPL-2.0 */
/* Ports kept from the kernel's TCP, and who speaks as it does: table/reserve.c. */
#ifndef _XTCP_RESERVE_H
#define _XTCP_RESERVE_H

#include <linux/types.h>

struct sock;
struct xtcp_net;
struct xtcp_reservation;

/**
 * xtcp_reserve_take() - keep @num from the kernel's TCP
 * @sk: for whom: its namespace
 * @num: port
 * @reuse: SO_REUSEADDR of who chose it, which lets us bind over the kernel's
 *	TIME_WAITs
 *
 * For all addresses of both families. Process context.
 * Return: a reservation, or ERR_PTR: -EADDRINUSE if the kernel's TCP has it,
 * -ENOMEM.
 */
struct xtcp_reservation *xtcp_reserve_take(const struct sock *sk, u16 num, bool reuse);
/**
 * xtcp_reserve_connection() - keep the 4-tuple of @sk from the kernel's TCP
 * @sk: its flow is filled, the port one that connect() chose
 *
 * Other connections of the kernel's may have the same port. Process context.
 * Return: a reservation, or ERR_PTR: -EADDRNOTAVAIL if the kernel's TCP has bound
 * the port or has this connection, -ENOMEM.
 */
struct xtcp_reservation *xtcp_reserve_connection(const struct sock *sk);
/* It is free again, soon. Any context. */
void xtcp_reserve_give_back(struct xtcp_reservation *reservation);
/*
 * One more that speaks @protocol, made from one that does: a child, a TIME_WAIT; and
 * the end of any. Softirq or process.
 */
void xtcp_reserve_share(struct xtcp_net *xn, u8 protocol);
void xtcp_reserve_leave(struct xtcp_net *xn, u8 protocol);
/* All that this namespace has given back are gone. Process context. */
void xtcp_reserve_flush(struct xtcp_net *xn);
void xtcp_reserve_net_init(struct xtcp_net *xn);
int xtcp_reserve_init(void);
void xtcp_reserve_exit(void);

#endif
