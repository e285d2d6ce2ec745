/* SPDX-License-Identifier: GPL-2.0 */
/* The active open: open/active.c. */
#ifndef _XTCP_ACTIVE_H
#define _XTCP_ACTIVE_H

struct sock;
struct sockaddr;

/**
 * xtcp_active_connect() - route, choose a port and an ISN, send the SYN
 * @sk: closed socket
 * @addr: destination
 * @len: its length
 *
 * Context: socket lock, process.
 * Return: 0 with @sk in SYN_SENT, else -errno with @sk still CLOSED.
 */
int xtcp_active_connect(struct sock *sk, struct sockaddr *addr, int len);

/* The first SYN, with what Fast Open puts into it. @sk: in SYN_SENT, locked; process. */
void xtcp_active_send_syn(struct sock *sk);

#endif
