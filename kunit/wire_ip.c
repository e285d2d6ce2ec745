// SPDX-License-Identifier: GPL-2.0
/* The routes of the virtual wire, asked for as ip(8) does: there is no other door. */

#include <linux/net.h>
#include <net/netlink.h>
#include "wire_ip.h"

/* The kernel answers before the sending returns. */
static int answer(struct socket *sock)
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

static int ask(struct sk_buff *request)
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
		err = answer(sock);
	sock_release(sock);
out:
	kfree_skb(request);
	return err;
}

/* "ip route ... local ADDR dev lo table local mtu MTU METRIC lock VALUE" */
static struct sk_buff *request(const struct wire_ip *ip, int type, int flags,
			       enum wire_end end, const struct wire_route *route)
{
	struct sk_buff *skb = nlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	struct nlattr *metrics;
	struct nlmsghdr *nlh;
	struct rtmsg *rtm;

	if (!skb)
		return NULL;
	nlh = nlmsg_put(skb, 0, 0, type, sizeof(*rtm), NLM_F_REQUEST | NLM_F_ACK | flags);
	rtm = nlmsg_data(nlh);
	*rtm = (struct rtmsg){
		.rtm_family = ip->family,
		.rtm_dst_len = ip->addr_len * 8,
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = route->type ?: RTN_LOCAL,
	};
	nla_put(skb, RTA_DST, ip->addr_len, &ip->addr[end]);
	if (rtm->rtm_type == RTN_LOCAL)
		nla_put_u32(skb, RTA_OIF, LOOPBACK_IFINDEX);
	metrics = nla_nest_start(skb, RTA_METRICS);
	nla_put_u32(skb, RTAX_MTU, route->mtu);
	if (route->metric) {
		nla_put_u32(skb, route->metric, route->value);
		nla_put_u32(skb, RTAX_LOCK, 1U << route->metric);
	}
	nla_nest_end(skb, metrics);
	nlmsg_end(skb, nlh);
	return skb;
}

int wire_ip_routes(const struct wire_ip *ip, const struct wire_route *route)
{
	enum wire_end end;
	int err = 0;

	for (end = A; end <= B && !err; end++)
		err = ask(request(ip, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, end, route));
	return err;
}

void wire_ip_no_routes(const struct wire_ip *ip)
{
	const struct wire_route route = { };
	enum wire_end end;

	for (end = A; end <= B; end++)
		ask(request(ip, RTM_DELROUTE, 0, end, &route));
}
