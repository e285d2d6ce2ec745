/* SPDX-License-Identifier: GPL-2.0 */
/* Text of the user on its way into the send queue: engine/write.c. Under the socket lock. */
#ifndef _XTCP_WRITE_H
#define _XTCP_WRITE_H

#include <linux/types.h>

struct msghdr;
struct sk_buff;
struct sock;

/* The skb that more text may go into, the last unsent; NULL: it is full, or there is none. */
struct sk_buff *xtcp_write_open_tail(const struct sock *sk);
/* A new one, empty; NULL: no room or no memory. */
struct sk_buff *xtcp_write_new_tail(struct sock *sk);
/* One that got no text after all must not stay. */
void xtcp_write_drop_empty(struct sock *sk);
/**
 * xtcp_write_append() - text of @msg into @skb
 * @sk: socket, locked
 * @skb: the last one of the send queue
 * @msg: read from
 * @most: octets that @skb may have, more than it has
 *
 * Return: octets copied; 0: @skb takes no more fragments; -ENOBUFS, -EFAULT.
 */
int xtcp_write_append(struct sock *sk, struct sk_buff *skb, struct msghdr *msg, u32 most);
/**
 * xtcp_write_splice() - the pages of @msg themselves, not a copy of their text
 * @sk: socket, locked
 * @skb: the last one of the send queue
 * @msg: of MSG_SPLICE_PAGES
 * @most: octets that @skb may have, more than it has
 *
 * Return: octets; 0: @skb takes no more fragments; -ENOBUFS; another error.
 */
int xtcp_write_splice(struct sock *sk, struct sk_buff *skb, struct msghdr *msg, u32 most);
/**
 * xtcp_write_zerocopy() - pages of the user's memory, which he gets back (MSG_ZEROCOPY)
 * @sk: socket, locked
 * @skb: the last one of the send queue
 * @msg: with msg_ubuf
 * @most: octets that @skb may have, more than it has
 *
 * Return: octets; 0: @skb takes no more fragments, or it tells of other calls; -ENOBUFS, -EFAULT.
 */
int xtcp_write_zerocopy(struct sock *sk, struct sk_buff *skb, struct msghdr *msg, u32 most);
/**
 * xtcp_write_begin_zerocopy() - MSG_ZEROCOPY: what tells the user that his pages are his again
 * @sk: socket, locked
 * @msg: gets it, unless it has it or need not
 *
 * It tells him (SO_EE_ORIGIN_ZEROCOPY) when the last skb is gone that has some of them: that is,
 * when all is acknowledged. It may be that of the call before. Calls have numbers: who has text
 * in no skb yet must not let go of the lock with his, which another's may be behind. io_uring
 * would bring one of its own, but to a socket with SOCK_SUPPORT_ZC alone.
 *
 * Return: 0 or -ENOBUFS.
 */
int xtcp_write_begin_zerocopy(struct sock *sk, struct msghdr *msg);
/* The call gives @ret. Of one that failed nothing is told: the next one has its number. */
void xtcp_write_end_zerocopy(struct msghdr *msg, int ret);
/* Pages that others may write to can go: the device sums up what it sends, from where it lies. */
bool xtcp_write_can_splice(struct sock *sk);
/**
 * xtcp_write_into_syn() - text of @msg goes with the SYN (RFC 7413)
 * @sk: socket, locked, that has sent nothing
 * @msg: read from
 * @room: for so many octets
 *
 * It counts as sent: snd_nxt is behind it. Context: process.
 * Return: whether there is any.
 */
bool xtcp_write_into_syn(struct sock *sk, struct msghdr *msg, u32 room);

#endif
