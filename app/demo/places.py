"""Where the demo customers sit: real cities and districts, with area and region codes."""

from dataclasses import dataclass

# city, its English name, province, dialling code, region code of credit codes, districts
_CITIES = """
北京|Beijing|北京市|010|110105|朝阳区 海淀区 西城区 丰台区
上海|Shanghai|上海市|021|310115|浦东新区 徐汇区 静安区 闵行区
天津|Tianjin|天津市|022|120116|滨海新区 南开区 和平区
重庆|Chongqing|重庆市|023|500103|渝中区 江北区 南岸区 渝北区
广州|Guangzhou|广东省|020|440106|天河区 越秀区 番禺区 黄埔区
深圳|Shenzhen|广东省|0755|440305|南山区 福田区 宝安区 龙岗区
东莞|Dongguan|广东省|0769|441900|南城街道 长安镇 虎门镇
佛山|Foshan|广东省|0757|440605|南海区 顺德区 禅城区
珠海|Zhuhai|广东省|0756|440402|香洲区 斗门区 金湾区
杭州|Hangzhou|浙江省|0571|330106|西湖区 滨江区 余杭区 萧山区
宁波|Ningbo|浙江省|0574|330203|海曙区 鄞州区 北仑区
温州|Wenzhou|浙江省|0577|330302|鹿城区 龙湾区 瓯海区
嘉兴|Jiaxing|浙江省|0573|330402|南湖区 秀洲区
绍兴|Shaoxing|浙江省|0575|330602|越城区 柯桥区 上虞区
南京|Nanjing|江苏省|025|320104|秦淮区 建邺区 江宁区 鼓楼区
苏州|Suzhou|江苏省|0512|320505|虎丘区 吴中区 相城区 姑苏区
无锡|Wuxi|江苏省|0510|320211|滨湖区 梁溪区 新吴区
常州|Changzhou|江苏省|0519|320411|新北区 武进区 天宁区
南通|Nantong|江苏省|0513|320602|崇川区 通州区 海门区
合肥|Hefei|安徽省|0551|340104|蜀山区 包河区 庐阳区
芜湖|Wuhu|安徽省|0553|340202|镜湖区 鸠江区
福州|Fuzhou|福建省|0591|350102|鼓楼区 台江区 仓山区
厦门|Xiamen|福建省|0592|350203|思明区 湖里区 集美区
泉州|Quanzhou|福建省|0595|350503|丰泽区 鲤城区 晋江市
南昌|Nanchang|江西省|0791|360103|西湖区 东湖区 红谷滩区
济南|Jinan|山东省|0531|370102|历下区 市中区 历城区
青岛|Qingdao|山东省|0532|370202|市南区 崂山区 黄岛区
烟台|Yantai|山东省|0535|370602|芝罘区 莱山区
郑州|Zhengzhou|河南省|0371|410105|金水区 中原区 二七区
洛阳|Luoyang|河南省|0379|410302|洛龙区 涧西区
武汉|Wuhan|湖北省|027|420106|武昌区 江汉区 洪山区 汉阳区
长沙|Changsha|湖南省|0731|430102|芙蓉区 岳麓区 雨花区
成都|Chengdu|四川省|028|510107|武侯区 锦江区 高新区 青羊区
绵阳|Mianyang|四川省|0816|510703|涪城区 游仙区
贵阳|Guiyang|贵州省|0851|520102|南明区 云岩区 观山湖区
昆明|Kunming|云南省|0871|530102|五华区 盘龙区 官渡区
西安|Xi'an|陕西省|029|610113|雁塔区 未央区 碑林区
沈阳|Shenyang|辽宁省|024|210102|和平区 沈河区 浑南区
大连|Dalian|辽宁省|0411|210202|中山区 西岗区 甘井子区
长春|Changchun|吉林省|0431|220102|南关区 朝阳区 宽城区
石家庄|Shijiazhuang|河北省|0311|130102|长安区 桥西区 裕华区
太原|Taiyuan|山西省|0351|140105|小店区 迎泽区 杏花岭区
"""

_ROADS = """
中山 人民 解放 建设 和平 科技 创业 滨江 迎宾 文化 长江 新华 友谊 发展 学府
"""
ROADS = tuple(f"{name}{kind}" for name in _ROADS.split() for kind in ("路", "大道", "东路", "北街"))


@dataclass(frozen=True, slots=True)
class City:
    name: str
    full_name: str
    name_en: str
    province: str
    dialling_code: str
    region_code: str
    districts: tuple[str, ...]


def _city(line: str) -> City:
    name, name_en, province, dialling_code, region_code, districts = line.split("|")
    return City(
        name, f"{name}市", name_en, province, dialling_code, region_code, tuple(districts.split())
    )


CITIES = tuple(_city(line) for line in _CITIES.strip().splitlines())
