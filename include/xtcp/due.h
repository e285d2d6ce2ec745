/* SPDX-License-Identifier: GPL-2.0 */
/* A socket's hrtimer, and what came due: engine/due.c. */
#ifndef _XTCP_DUE_H
#define _XTCP_DUE_H

struct sock;

/* A new socket, or a child that is a copy of its listener: nothing is due. */
void xtcp_due_init(struct sock *sk);
/* What came due while the user owned the socket: from release_cb. */
void xtcp_due_deferred(struct sock *sk);

#endif
