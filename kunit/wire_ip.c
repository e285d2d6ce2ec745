// SPDX-License-Identifier: GPL-2.0
/* Routes and addresses are asked for as ip(8) does: there is no other door. */

#include <linux/net.h>
#include <linux/netlink.h>
#include "wire_ip.h"

/* The kernel answers before the sending returns. */
static int rtnl_answer(struct socket *sock)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr body;
	} answer;
	struct kvec vec = { .iov_base = &answer, .iov_len = sizeof(answer) };
	struct msghdr msg = { };
	int n = kernel_recvmsg(sock, &msg, &vec, 1, sizeof(answer), MSG_DONTWAIT);

	if (n < (int)sizeof(answer) || answer.header.nlmsg_type != NLMSG_ERROR)
		return -EIO;
	return answer.body.error;
}

int wire_rtnl(struct sk_buff *request)
{
	/* Without an address our rights would be those of an open file. */
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = { .msg_name = &kernel, .msg_namelen = sizeof(kernel) };
	struct socket *sock;
	struct kvec vec;
	int err;

	if (!request)
		return -ENOMEM;
	err = sock_create_kern(&init_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sock);
	if (err)
		goto out;
	vec = (struct kvec){ .iov_base = request->data, .iov_len = request->len };
	err = kernel_sendmsg(sock, &msg, &vec, 1, request->len);
	if (err > 0)
		err = rtnl_answer(sock);
	sock_release(sock);
out:
	kfree_skb(request);
	return err;
}
