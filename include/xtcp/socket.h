/* SPDX-License-Identifier: GPL-2.0 */
/* The calls of the user: module/socket/, one function a file and struct proto. */
#ifndef _XTCP_SOCKET_H
#define _XTCP_SOCKET_H

#include <linux/net.h>
#include <linux/poll.h>
#include <xtcp/sock.h>

struct pipe_inode_info;
struct tcp_info;

/* socket/send.c */
int xtcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size);
/* May more be written (TCP_NOTSENT_LOWAT)? To @wake a writer half of it must be sent. */
bool xtcp_stream_memory_free(const struct sock *sk, int wake);
/* sk->sk_write_space; any context, with or without the lock */
void xtcp_write_space(struct sock *sk);

/* sendfile() came to the end of the file sooner than it said. */
void xtcp_splice_eof(struct socket *sock);

/* socket/receive.c */
int xtcp_recvmsg(XTCP_RECVMSG_PARAMS);
ssize_t xtcp_splice_read(struct socket *sock, loff_t *pos, struct pipe_inode_info *pipe,
			 size_t len, unsigned int flags);
/* Octets in order that the user has not read, those before the mark. */
u32 xtcp_readable(const struct sock *sk);
int xtcp_set_rcvlowat(struct sock *sk, int val);

/* socket/close.c */
void xtcp_close(struct sock *sk, long timeout);
void xtcp_shutdown(struct sock *sk, int how);
int xtcp_disconnect(struct sock *sk, int flags);
/**
 * xtcp_abort() - ABORT (RFC 9293 section 3.10.5), for the administrator
 * @sk: any socket, not locked; a reference of the caller's
 * @error: positive errno for its user
 *
 * Also proto->diag_destroy. Context: process.
 * Return: 0, or -ENOENT if it was CLOSED already.
 */
int xtcp_abort(struct sock *sk, int error);
/* The same if @still says so under both locks of @sk, the user's and the spinlock. */
int xtcp_abort_if(struct sock *sk, int error, bool (*still)(struct sock *sk, const void *arg),
		  const void *arg);

/* socket/poll.c */
__poll_t xtcp_poll(struct file *file, struct socket *sock, poll_table *wait);
int xtcp_ioctl(struct sock *sk, int cmd, xtcp_ioctl_arg_t arg);

/* socket/sockopt.c */
int xtcp_setsockopt(struct sock *sk, int level, int name, sockptr_t val,
		    unsigned int len);
int xtcp_getsockopt(struct sock *sk, int level, int name, char __user *val,
		    int __user *len);

/* socket/info.c: fill TCP_INFO; socket lock. */
void xtcp_info_fill(struct sock *sk, struct tcp_info *info);

/* socket/proto.c */
extern struct proto xtcp_prot;
extern const struct proto_ops xtcp_stream_ops;
int xtcp_proto_register(void);
void xtcp_proto_unregister(void);
/* socket/proto6.c: the same for AF_INET6; after xtcp_proto_register(). */
#if IS_ENABLED(CONFIG_IPV6)
int xtcp_proto6_register(void);
void xtcp_proto6_unregister(void);
#else
static inline int xtcp_proto6_register(void) { return 0; }
static inline void xtcp_proto6_unregister(void) { }
#endif

#endif
